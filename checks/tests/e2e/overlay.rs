//! `nix-seed up` onto a store that is an overlay: what lies below is read-only, what is added lies above.

use crate::host::Host;

/// Makes `lower`, a store that holds the closure of the seed's bash with its database, and `fingerprint`, which says
/// whether anything in it has changed.
const LOWER: &str = r#"
    ./nix-seed up --insecure-skip-verify --root "$PWD/lower" "$PWD/seed" >/dev/null
    cp -a lower full
    bash=$(cd lower/nix/store && ls -d *-bash-[0-9]* | head -n 1)
    rm -r lower/nix/var/nix-seed lower/nix/var/nix/gcroots/nix-seed-*
    ln -s "/nix/store/$bash" lower/nix/var/nix/gcroots/bash
    own nix-store --store "$PWD/lower" --gc >/dev/null
    fingerprint() { { find "$1" -printf '%p %y %m %s %T@ %l\n' | sort; cat "$1/nix/var/nix/db/db.sqlite"; } | sha256sum; }
    overlay() { mount -t overlay overlay -o "lowerdir=$1/nix,upperdir=top/upper,workdir=top/work" /nix; }
    top() { mkdir -p top; mount -t tmpfs tmpfs top; mkdir top/upper top/work; }
"#;

fn with_lower(script: &str) -> Vec<String> {
    Host::of_example("c").run(&format!("{LOWER}\n{script}"))
}

#[test]
fn a_seed_joins_and_leaves_and_what_lies_below_is_untouched() {
    let answers = with_lower(
        r#"
        top
        before=$(fingerprint lower)
        overlay lower
        below=$(valid)
        names=$(ls /nix/store)
        up --json >joined
        fails grep '"missing":0' joined
        up >environment
        test "$(valid)" -gt "$below"
        verify
        ( . ./environment; unshare --net nix build path:flake; ./result/bin/greet | grep Hello )
        verify
        rm result
        own nix-store --store local --gc >/dev/null
        down --json >down
        test "$(valid)" = "$below"
        test "$(ls /nix/store)" = "$names"
        verify
        umount /nix
        test "$(fingerprint lower)" = "$before"
        answer below "$below"
        "#,
    );
    assert_ne!(answers, ["below=0"]);
}

#[test]
fn paths_that_the_upper_database_knows_and_a_new_lower_store_lacks_are_brought_again() {
    let answers = with_lower(
        r#"
        top
        # All is there, and something is added: from now on the database is that of the upper layer.
        overlay full
        echo mine >mine
        own nix --store local store add-path ./mine >/dev/null
        all=$(valid)
        umount /nix
        overlay lower
        test "$(valid)" = "$all"
        fails verify 2>/dev/null
        before=$(fingerprint lower)
        up --json >joined
        fails grep '"missing":0' joined
        verify
        test "$(valid)" = "$all"
        up >environment
        ( . ./environment; unshare --net nix build path:flake; ./result/bin/greet | grep Hello )
        umount /nix
        test "$(fingerprint lower)" = "$before"
        answer all "$all"
        "#,
    );
    assert_ne!(answers, ["all=0"]);
}
