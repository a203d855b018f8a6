//! `nix-seed up` where Nix uses the store without a daemon, or where there is no store at all.

use nix_seed_checks::machine::files;
use nix_seed_checks::seed::layout::Layout;

use crate::host::{Host, PIVOT};
use crate::seed::Seed;

/// A machine on which the seed of one example comes up, and in `other` that of another with most of the same paths; the
/// script has its digest.
fn run_with_other(script: &str) -> Vec<String> {
    let (host, other) = (Host::of_example("c"), Seed::of_example("python"));
    files::copy_tree(&other.layout, &host.path("other")).unwrap();
    host.run(&format!("digest={}\n{script}", Layout::open(&other.layout).unwrap().manifest_digest))
}

#[test]
fn a_seed_joins_while_nix_builds() {
    let answers = run_with_other(
        r#"
        up >environment
        (
            . ./environment
            for number in 1 2 3 4 5 6; do
                cp -r flake "flake$number"
                sed -i "s/Hello/Hello number $number/" "flake$number"/*/*.c
                nix build --out-link "result$number" "path:flake$number"
            done
        ) &
        builds=$!
        for number in 1 2 3; do
            ./nix-seed up --insecure-skip-verify "$PWD/other" --json >joined
            fails grep '"missing":0' joined
            ./nix-seed down "$digest"
        done
        ./nix-seed up --insecure-skip-verify "$PWD/other" >/dev/null
        wait $builds
        verify
        for number in 1 2 3 4 5 6; do ./result$number/bin/greet | grep "number $number"; done
        answer left "$(ls -A /nix/store | grep -c '^\.nix-seed\|\.lock$' || true)"
        "#,
    );
    assert_eq!(answers, ["left=0"]);
}

#[test]
fn a_seed_joins_while_garbage_is_collected() {
    let answers = run_with_other(
        r#"
        up >environment
        touch going
        ( while test -e going; do own nix-collect-garbage; done ) >/dev/null 2>garbage &
        garbage=$!
        for number in 1 2 3 4 5; do
            ./nix-seed up --insecure-skip-verify "$PWD/other" --json >joined
            fails grep '"missing":0' joined
            # All of it is there, whatever the collector does now.
            ./nix-seed up --insecure-skip-verify "$PWD/other" --json >again
            grep '"missing":0' again
            verify
            ./nix-seed down "$digest"
        done
        rm going
        wait $garbage
        verify
        ( . ./environment; unshare --net nix build path:flake; ./result/bin/greet | grep Hello )
        answer left "$(ls -A /nix/store | grep -c '^\.nix-seed\|\.lock$' || true)"
        "#,
    );
    assert_eq!(answers, ["left=0"]);
}

#[test]
fn where_no_nix_is_the_seed_builds_offline_and_leaves_nothing() {
    let host = Host::of_example("c");
    let answers = host.run(&format!(
        r#"
        {PIVOT}
        before=$(ls /)
        fails test -e /nix
        up >environment
        export HOME=/tmp
        ( . ./environment; unshare --net nix build --option sandbox-fallback false path:flake
          ./result/bin/greet >greeting
          nix store verify --no-trust --all
          rm result
          nix store gc )
        grep Hello greeting
        down
        test "$(ls /)" = "$before"
        answer gone yes
        "#
    ));
    assert_eq!(answers, ["gone=yes"]);
}
