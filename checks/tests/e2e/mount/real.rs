//! Real Nix in a store that is mounted, at the root of a machine that had none.

use super::{NO_EROFS, failing};
use crate::host::{Host, PIVOT};

/// Mounts the seed at `/`, and has its environment.
const UP: &str = r#"
    before=$(ls /)
    up >environment 2>said
    grep ', mounted:' said
    export HOME=/tmp
    . ./environment
    offline() { unshare --net "$@"; }
    path() { ls -d /nix/store/*-"$1"-[0-9]* | grep -v '[.]drv$' | head -n 1; }
    verify() { nix store verify --no-trust --all; }
"#;

/// Takes it down with all that was built, after which nothing is left.
const DOWN: &str = r#"
    cd /work
    ! down 2>refused || test -n "${empty:-}"
    test -n "${empty:-}" || grep 'built over the seed' refused
    test -n "${empty:-}" || down --discard
    test "$(ls /)" = "$before"
    ! grep nix-seed /proc/self/mountinfo
    answer gone yes
"#;

fn run(script: &str) {
    let answers = Host::of_example("c").run(&format!("{PIVOT}\n{UP}\n{script}\n{DOWN}"));
    assert_eq!(answers.last().unwrap(), "gone=yes", "{answers:?}");
}

#[test]
fn it_is_verified_builds_offline_and_collects_garbage() {
    run(r#"
        nix store verify --no-trust --all
        verify
        offline nix build --option sandbox-fallback false path:flake
        ./result/bin/greet | grep Hello
        built=$(readlink result)
        verify
        # Nothing that the seed has brought is garbage; what was built is, once nothing leads to it.
        nix-collect-garbage >/dev/null 2>&1
        test -e "$built"
        rm result
        nix-collect-garbage >/dev/null 2>&1
        fails test -e "$built"
        verify
        offline nix build --option sandbox-fallback false path:flake
        ./result/bin/greet | grep Hello
        # A collector deletes nothing below the overlay, whatever is asked of it.
        fails nix store delete "$(path bash)"
        nix store optimise
        verify
        ./result/bin/greet | grep Hello
    "#);
}

#[test]
fn several_build_at_once_and_much_is_written() {
    run(r#"
        for number in 1 2 3 4 5 6; do
            cp -r flake "flake$number"
            sed -i "s/Hello/Hello number $number/" "flake$number"/*/*.c
        done
        builds=
        for number in 1 2 3 4 5 6; do
            offline nix build --option sandbox-fallback false --out-link "result$number" "path:flake$number" &
            builds="$builds $!"
        done
        for build in $builds; do wait "$build"; done
        for number in 1 2 3 4 5 6; do ./result$number/bin/greet | grep "number $number"; done
        # Large files, many files, and all that a builder does to a folder.
        cat >much.nix <<'NIX'
        derivation {
          name = "much";
          system = "x86_64-linux";
          builder = "${builtins.storePath (builtins.getEnv "BASH_PATH")}/bin/bash";
          PATH = "${builtins.storePath (builtins.getEnv "COREUTILS")}/bin";
          args = [ "-ec" ''
            mkdir -p $out/many $out/moved
            head -c 100000000 /dev/zero >$out/zeros
            head -c 30000000 /dev/urandom >$out/noise
            for folder in 1 2 3 4 5 6 7 8 9 10; do
              mkdir $out/many/$folder
              for file in {1..200}; do echo "$folder $file" >$out/many/$folder/$file; done
            done
            mv $out/many/1 $out/moved/one
            mv $out/moved $out/renamed
            rm -r $out/many/2
            ln -s zeros $out/link
            ln $out/noise $out/hard
            cp $out/noise $out/copy
            # Nix kills a builder whose output has ended, and cp, if it were the last, would close that before it ends.
            :
          '' ];
        }
NIX
        export BASH_PATH=$(path bash) COREUTILS=$(path coreutils)
        offline nix build --impure --file much.nix --out-link much
        test "$(ls much/renamed/one | wc -l)" = 200
        cmp much/noise much/hard
        cmp much/noise much/copy
        verify
    "#);
}

/// What is read, built and verified where files are served one by one.
#[test]
fn where_files_are_served_one_by_one() {
    let script = r"
        nix store verify --no-trust --all
        offline nix build --option sandbox-fallback false path:flake
        ./result/bin/greet | grep Hello
        verify
    ";
    // Whoever plays the kernel stays for as long as whoever serves, and is not waited for.
    let by = format!("strace -D {}", failing(NO_EROFS)[1..].join(" "));
    let up = UP.replace("up >", &format!("{by} ./nix-seed up --insecure-skip-verify \"$PWD/seed\" >"));
    let answers = Host::of_example("c").run(&format!("{PIVOT}\n{up}\ngrep 'file by file' said\n{script}\n{DOWN}"));
    assert_eq!(answers.last().unwrap(), "gone=yes", "{answers:?}");
}

/// Another seed is unpacked into what is mounted, and goes first.
#[test]
fn another_seed_joins_it() {
    use nix_seed_checks::machine::files;
    use nix_seed_checks::seed::layout::Layout;

    use crate::seed::Seed;

    let (host, other) = (Host::of_example("c"), Seed::of_example("python"));
    files::copy_tree(&other.layout, &host.path("other")).unwrap();
    let digest = Layout::open(&other.layout).unwrap().manifest_digest;
    let answers = host.run(&format!(
        r#"
        {PIVOT}
        {UP}
        ./nix-seed up --insecure-skip-verify "$PWD/other" >other-environment 2>other-said
        cat other-said
        test "$(grep -vc "NOT VERIFIED" other-said)" = 2
        grep 'unpacking the seed instead of mounting it: sha256:.* is mounted there' other-said
        verify
        ( . ./other-environment; python3 -c 'print("it runs")' || true )
        offline nix build --option sandbox-fallback false path:flake
        ./result/bin/greet | grep Hello
        fails down
        ./nix-seed down {digest}
        verify
        {DOWN}
        "#
    ));
    assert_eq!(answers.last().unwrap(), "gone=yes", "{answers:?}");
}
