//! What a command sees, what it cannot touch, and what is said where the kernel refuses.

use std::fs;

use super::{Runner, Small, say};
use crate::publish::UNVERIFIED;

#[test]
fn no_network_is_no_network_but_loopback() {
    let seed = Small::open();
    for runner in [Runner::root(), Runner::nobody()] {
        let connect = |options: &[&str], address: &str| {
            let script = format!("cat /proc/net/route | wc -l; exec 3<>/dev/tcp/{address}");
            say(&mut runner.run(options, &seed.layout, &["bash", "-c", &script]))
        };
        // Nobody listens there: an answer comes from an interface that is up.
        let own = connect(&["--no-network"], "127.0.0.1/9");
        assert!(own.err.contains("Connection refused"), "{own:?}");
        // The heading of a table without routes.
        assert_eq!(own.out, "1\n");
        let other = connect(&["--no-network"], "192.0.2.1/80");
        assert!(other.err.contains("Network is unreachable"), "{other:?}");

        // What listens on the machine is not reached; without the option, it is.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("127.0.0.1/{}", listener.local_addr().unwrap().port());
        assert!(connect(&["--no-network"], &address).err.contains("Connection refused"));
        assert_eq!(connect(&[], &address).code, Some(0));
    }
}

#[test]
fn the_machines_store_is_not_touched() {
    let seed = Small::open();
    for runner in [Runner::root(), Runner::nobody()] {
        let machine = runner.path("machine");
        for folder in ["store/precious", "var/nix/db"] {
            fs::create_dir_all(machine.join(folder)).unwrap();
        }
        fs::write(machine.join("store/precious/file"), "of the machine").unwrap();
        fs::write(machine.join("var/nix/db/db.sqlite"), "of the machine").unwrap();
        // For anybody: what protects the store is not its rights.
        let chmod = std::process::Command::new("chmod").args(["-R", "a+rwX"]).arg(&machine).status().unwrap();
        assert!(chmod.success());
        let state =
            || say(Runner::root_in(&machine, "sh").args(["-c", "find . -printf '%p %i %m %s %C@\\n' | sort"])).out;
        let before = state();
        let script = "! ls -d /nix/store/precious && ls -d /nix/store/*-data \
            && mkdir /nix/store/mine && : > /nix/var/nix/db/db.sqlite && rm -r /nix/store/*-user";
        let said = runner.after("mount --bind machine /nix", &runner.run(&[], &seed.layout, &["bash", "-ec", script]));
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(!before.is_empty());
        assert_eq!(state(), before);
        // Nor did the run before change what the next one sees.
        let script = "ls /nix/store | wc -l; test -s /nix/var/nix/db/db.sqlite";
        let said = say(&mut runner.run(&[], &seed.layout, &["sh", "-c", script]));
        assert_eq!((said.code, said.out.trim()), (Some(0), "2"), "{said:?}");
    }
}

#[test]
fn a_folder_that_is_not_there_inside_is_named() {
    let (seed, runner) = (Small::open(), Runner::root());
    let script = "mount -t tmpfs tmpfs /nix; mkdir /nix/here; cd /nix/here";
    let said = runner.after(script, &runner.run(&[], &seed.layout, &["true"]));
    assert_ne!(said.code, Some(0));
    assert!(said.err.contains("/nix/here") && said.err.contains("another folder"), "{said:?}");
}

#[test]
fn without_a_sandbox_a_run_is_refused_or_says_so() {
    let seed = Small::open();
    for runner in [Runner::root(), Runner::nobody()] {
        // As containers cover parts of it: then the kernel gives no namespace a /proc of its own.
        let cover = "while read -r _ at kind _; do if test $kind = proc; then mount -t tmpfs tmpfs $at/irq; fi; done \
            < /proc/mounts";
        let print = ["sh", "-c", "echo \"$NIX_CONFIG\""];
        let said = runner.after(cover, &runner.run(&["--require-sandbox"], &seed.layout, &print));
        assert_eq!((said.code, &*said.out), (Some(5), ""), "{said:?}");
        assert!(said.err.contains("cannot be sandboxed") && said.err.contains("--require-sandbox"), "{said:?}");

        let said = runner.after(cover, &runner.run(&[], &seed.layout, &print));
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.contains("sandbox = false") && said.err.contains("not sandboxed"), "{said:?}");

        let said = say(&mut runner.run(&["--require-sandbox"], &seed.layout, &print));
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.contains("sandbox = true") && said.out.contains("sandbox-fallback = false"), "{said:?}");
    }
}

#[test]
fn where_namespaces_are_forbidden_the_remedy_is_named() {
    let (seed, runner) = (Small::open(), Runner::root());
    // The limit is one of this user namespace's own, in which root has lost the right to go without another.
    let script = r#"
        echo 0 > /proc/sys/user/max_user_namespaces
        exec setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin -- "$@"
    "#;
    let mut run = Runner::root_in(runner.folder.path(), "unshare");
    run.args(["--user", "--map-root-user", "sh", "-c", script, "sh"]).arg(&runner.program);
    run.env("NIX_SEED_CACHE", runner.path("cache"));
    let said = say(run.args(["run", UNVERIFIED]).arg(&seed.layout).args(["--", "true"]));
    assert_eq!(said.code, Some(1), "{said:?}");
    let remedy = "sudo sysctl user.max_user_namespaces=";
    assert!(said.err.contains("namespace") && said.err.contains(remedy), "{said:?}");
    assert!(runner.left().is_empty());
}
