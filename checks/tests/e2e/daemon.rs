//! `nix-seed up` and `down` where a real Nix daemon owns the store.

use std::process::Command;

use nix_seed_checks::machine::process;
use nix_seed_checks::seed::layout::Layout;

use crate::host::Host;
use crate::seed::Seed;

/// How many store paths the seed of the example has, as a script gave it.
fn number(answers: &[String], name: &str) -> u32 {
    let value = answers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("{name} in {answers:?}")).trim().parse().unwrap()
}

#[test]
fn root_builds_offline_through_the_daemon_and_goes_as_it_came() {
    let host = Host::of_example("c");
    let answers = host.run(
        r#"
        daemon
        up >environment 2>said
        grep "through the Nix daemon" said
        answer up "$(valid)"
        verify
        # No garbage collector takes it.
        own nix --store daemon store gc
        answer collected "$(valid)"
        (
            . ./environment
            test "$NIX_REMOTE" = daemon
            unshare --net nix build path:flake
            ./result/bin/greet >greeting
        )
        grep "Hello" greeting
        # What a build's result needs stays, and nothing else.
        down 2>said
        grep "kept, since something else needs it: .*glibc" said
        ./result/bin/greet
        verify
        rm result
        own nix --store daemon store gc
        answer down "$(valid)"
        test -z "$(find /nix/var/nix-seed/up /nix/var/nix/gcroots/auto -mindepth 1)"
        "#,
    );
    assert!(number(&answers, "up") > 50, "{answers:?}");
    assert_eq!(number(&answers, "collected"), number(&answers, "up"));
    assert_eq!(number(&answers, "down"), 0);
}

#[test]
fn what_was_there_before_stays_and_what_came_goes() {
    let host = Host::of_example("c");
    let answers = host.run(
        r#"
        daemon
        echo mine >mine
        mine=$(own nix --store daemon store add-path ./mine)
        up >environment
        answer up "$(valid)"
        up --json >second
        grep '"missing":0' second
        down --json >down
        grep '"kept":\[\]' down
        answer down "$(valid)"
        test "$(cat "$mine")" = mine
        test "$(ls /nix/store | grep -vc '^\.')" = 1
        "#,
    );
    assert!(number(&answers, "up") > 50, "{answers:?}");
    assert_eq!(number(&answers, "down"), 1);
}

#[test]
fn of_two_seeds_that_share_paths_the_last_takes_them_along() {
    let host = Host::of_example("c");
    let other = Seed::of_example("hello");
    process::output(Command::new("cp").args(["-rL"]).arg(&other.layout).arg(host.path("other"))).unwrap();
    let [first, second] = [&host.seed.layout, &other.layout].map(|path| Layout::open(path).unwrap().manifest_digest);
    let answers = host.run(&format!(
        r#"
        daemon
        up >environment
        ./nix-seed up --insecure-skip-verify "$PWD/other" --json >second
        down {first} --json >down
        grep glibc down
        answer shared "$(valid)"
        verify
        down {second}
        answer down "$(valid)"
        "#
    ));
    assert!(number(&answers, "shared") > 50, "{answers:?}");
    assert_eq!(number(&answers, "down"), 0);
}

#[test]
fn a_trusted_user_needs_no_rights_to_the_store() {
    let host = Host::of_example("c");
    let answers = host.run(
        r#"
        daemon
        up() { as 1 ./nix-seed up --insecure-skip-verify "$PWD/seed" "$@"; }
        up >environment
        answer up "$(valid)"
        verify
        grep "NIX_CONF_DIR='$PWD/home-1/.local/state/nix-seed/etc/" environment
        fails test -e /nix/var/nix-seed
        own nix --store daemon store gc
        answer collected "$(valid)"
        as 1 sh -c '. ./environment; cp -r flake "$HOME/flake"; cd "$HOME"; nix build path:./flake; ./result/bin/greet'
        as 1 rm home-1/result
        as 1 ./nix-seed down
        own nix --store daemon store gc
        answer down "$(valid)"
        "#,
    );
    assert_eq!(number(&answers, "collected"), number(&answers, "up"));
    assert_eq!(number(&answers, "down"), 0);
}

#[test]
fn a_stranger_is_told_what_to_do_and_may_use_what_is_there() {
    let host = Host::of_example("c");
    let answers = host.run(
        r#"
        daemon
        stranger() { command=$1; shift; as 65534 ./nix-seed "$command" "$@"; }
        fails stranger up --insecure-skip-verify "$PWD/seed" 2>said
        grep "does not trust the user with id 65534, and takes /nix/store/.* from trusted users only" said
        grep "trusted-users" said
        # A daemon takes from anybody what its content has named; nothing keeps it.
        own nix --store daemon store gc
        answer refused "$(valid)"
        up >environment
        stranger up --insecure-skip-verify "$PWD/seed" --json >joined
        grep '"missing":0' joined
        # What the stranger still has up stays when root's goes.
        down
        own nix --store daemon store gc
        answer kept "$(valid)"
        verify
        stranger down
        answer down "$(valid)"
        "#,
    );
    assert_eq!(number(&answers, "refused"), 0);
    assert!(number(&answers, "kept") > 50, "{answers:?}");
    assert_eq!(number(&answers, "down"), 0);
}

#[test]
fn results_of_a_run_become_valid_through_the_daemon() {
    let host = Host::of_example("c");
    let answers = host.run(
        r#"
        daemon
        ./nix-seed run --insecure-skip-verify --no-network --out out "$PWD/seed" -- nix build path:flake 2>said
        grep "and in this machine's /nix" said
        ./result/bin/greet | grep Hello
        verify
        # The link keeps it.
        own nix --store daemon store gc
        ./result/bin/greet | grep Hello
        answer kept "$(valid)"
        rm result
        own nix --store daemon store gc
        answer left "$(valid)"
        # A stranger keeps the results in the folder, and is told how to bring them.
        cp -r flake home-65534/flake
        chown -R 65534 home-65534
        mkdir home-65534/work
        chown 65534 home-65534/work
        seed=$PWD/seed; program=$PWD/nix-seed
        ( cd home-65534/work
          setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH="$PATH" HOME="$PWD/.."             "$program" run --insecure-skip-verify --out out "$seed" -- nix build path:../flake 2>../said )
        grep "does not trust" home-65534/said
        test -e home-65534/work/out/result/bin/greet
        answer strangers "$(valid)"
        # The way that is named leads there.
        way=$(grep -o "nix copy .*" home-65534/said)
        own ${way%% *} --store daemon ${way#* }
        answer brought "$(valid)"
        home-65534/work/result/bin/greet | grep Hello
        "#,
    );
    assert!(number(&answers, "kept") > 0, "{answers:?}");
    assert_eq!((number(&answers, "left"), number(&answers, "strangers")), (0, 0));
    assert_eq!(number(&answers, "brought"), number(&answers, "kept"));
}

#[test]
fn a_daemon_whose_store_is_not_here_is_given_nothing() {
    let host = Host::of_example("c");
    let answers = host.run(
        r#"
        daemon
        up >environment
        answer before "$(valid)"
        # A machine that sees the daemon, and another /nix, which has one path of the seed as well.
        mkdir -p other/store socket
        cp -a /nix/store/*-gawk-* other/store
        elsewhere() {
            unshare --mount sh -euc '
                mount --bind /nix/var/nix/daemon-socket socket
                mount --bind other /nix
                export NIX_REMOTE=unix://$PWD/socket/socket
                if ./nix-seed up --insecure-skip-verify "$PWD/seed" 2>said; then exit 1; fi
                grep "has its store elsewhere" said
                test ! -e /nix/var/nix-seed/up/*.json
            '
        }
        elsewhere
        verify
        answer after "$(valid)"
        # Nor what it has not, nor what was built.
        unshare --mount sh -euc '
            mount --bind /nix/var/nix/daemon-socket socket
            mount --bind other /nix
            export NIX_REMOTE=unix://$PWD/socket/socket
            ./nix-seed run --insecure-skip-verify --out out "$PWD/seed" -- nix build path:flake 2>said
            grep "has its store elsewhere" said
            test -e out/result/bin/greet
        '
        answer built "$(valid)"
        down
        elsewhere
        answer none "$(valid)"
        "#,
    );
    assert_eq!(number(&answers, "before"), number(&answers, "after"));
    assert_eq!(number(&answers, "before"), number(&answers, "built"));
    assert_eq!(number(&answers, "none"), 0);
}

#[test]
fn a_path_that_the_daemon_only_believes_to_have_is_brought_again() {
    let host = Host::of_example("c");
    let answers = host.run(
        r#"
        daemon
        up >environment
        lost=$(ls -d /nix/store/*-gawk-*)
        chmod -R u+w "$lost"
        rm -r "$lost"
        up --json >second
        grep '"missing":1' second
        verify
        answer up "$(valid)"
        "#,
    );
    assert!(number(&answers, "up") > 50, "{answers:?}");
}

#[test]
fn killed_while_paths_are_given_the_next_run_goes_on() {
    let host = Host::of_example("c");
    let answers = host.run(
        r#"
        daemon
        for time in 0.1 0.3 0.5 0.8 1.1 1.5 2 3 4 5; do
            timeout --signal KILL "$time" ./nix-seed up --insecure-skip-verify "$PWD/seed" >/dev/null 2>&1 || true
            verify
            answer killed "$(valid)"
        done
        up >environment
        verify
        answer up "$(valid)"
        test -z "$(ls -A /nix/var/nix-seed | grep spool)"
        down
        answer down "$(valid)"
        "#,
    );
    let valid: Vec<u32> = answers.iter().map(|line| line.split('=').next_back().unwrap().parse().unwrap()).collect();
    assert!(valid[..11].is_sorted(), "{answers:?}");
    assert_eq!(number(&answers, "down"), 0);
}
