//! However a run ends, it ends as the command did, and leaves nothing.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::{Runner, Small, say};

/// Starts a command that says a line, and waits for the line.
fn started(command: &mut Command) -> (Child, BufReader<ChildStdout>, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    (child, out, line)
}

fn kill(signal: &str, process: &str) {
    // The shell's own: the program is not on every machine.
    let mut shell = Command::new("sh");
    assert!(shell.args(["-c", "kill \"$1\" \"$2\"", "sh", signal, process]).status().unwrap().success());
}

#[test]
fn a_run_ends_as_its_command_does() {
    let seed = Small::open();
    for runner in [Runner::root(), Runner::nobody()] {
        let script = |script: &str| say(&mut runner.run(&[], &seed.layout, &["sh", "-c", script]));
        for (command, code) in [("exit 0", 0), ("exit 42", 42), ("kill -TERM $$", 143), ("kill -KILL $$", 137)] {
            assert_eq!(script(command).code, Some(code), "{command}");
        }
        let nonesuch = say(&mut runner.run(&[], &seed.layout, &["nonesuch"]));
        assert_eq!(nonesuch.code, Some(127), "{nonesuch:?}");
        assert!(nonesuch.err.contains("nonesuch"), "{nonesuch:?}");
        assert_eq!(say(&mut runner.run(&[], &seed.layout, &["/etc/passwd"])).code, Some(126));

        let said =
            script("cat /nix/store/*-data/link && echo mine > /nix/store/mine && cat /nix/store/mine && pwd && id -u");
        let user = runner.user.unwrap_or(0);
        assert_eq!(said.out, format!("in the seedmine\n{}\n{user}\n", runner.folder.path().display()), "{said:?}");
        // Neither in the next run, nor in the cache.
        assert_eq!(script("test ! -e /nix/store/mine").code, Some(0));
        assert!(runner.left().is_empty());
    }
}

#[test]
fn a_signal_reaches_the_command() {
    let (seed, runner) = (Small::open(), Runner::nobody());
    // Bash's `wait` may sleep on after a signal that came just before it: what it waits for ends soon.
    let script = "trap 'echo ended; exit 7' TERM; echo ready; while :; do sleep 0.1 & wait; done";
    for (signal, ended, code) in [("-TERM", "ended\n", Some(7)), ("-INT", "", Some(130))] {
        let (mut child, mut out, line) = started(&mut runner.run(&[], &seed.layout, &["bash", "-c", script]));
        assert_eq!(line, "ready\n");
        kill(signal, &child.id().to_string());
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!((rest.as_str(), child.wait().unwrap().code()), (ended, code), "{signal}");
        assert!(runner.left().is_empty());
    }
}

#[test]
fn a_terminal_interrupts_the_command_once() {
    let (seed, runner) = (Small::open(), Runner::nobody());
    // What the run passes on, it passes on in order: it has read the interruption when it passes this on.
    let script = "n=0; trap 'n=$((n+1))' INT; trap 'echo interrupted $n; exit 9' TERM; echo ready; \
        while test $n = 0; do sleep 0.1 & wait; done; kill -TERM $PPID; while :; do sleep 0.1 & wait; done";
    fs::write(runner.path("script"), script).unwrap();
    // A terminal of its own, in which the run is the foreground.
    let run = runner.run(&[], &seed.layout, &["bash", "script"]);
    let words = [run.get_program()].into_iter().chain(run.get_args()).map(|word| word.to_str().unwrap());
    let words: Vec<_> = words.collect();
    let mut terminal = Runner::root_in(runner.folder.path(), "script");
    terminal.args(["--quiet", "--return", "--flush", "--command", &format!("exec {}", words.join(" ")), "/dev/null"]);
    terminal.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it has ended");
    }
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(b"\x03").unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("interrupted 1"), "{rest}");
    assert_eq!(child.wait().unwrap().code(), Some(9), "{rest}");
    assert!(runner.left().is_empty());
}

#[test]
fn what_a_command_leaves_running_ends_with_it() {
    let (seed, runner) = (Small::open(), Runner::nobody());
    // In a session of its own.
    let script = "exec 3< <(setsid sh -c 'echo $$; exec sleep 1000'); read -r process <&3; echo $process";
    let (mut child, mut out, process) = started(&mut runner.run(&[], &seed.layout, &["bash", "-c", script]));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    // To the end: nobody holds the other end any more.
    out.read_to_string(&mut String::new()).unwrap();
    assert!(!std::path::Path::new("/proc").join(process.trim()).exists());
    assert!(runner.left().is_empty());
}

#[test]
fn a_killed_run_leaves_nothing_that_the_next_one_leaves() {
    let seed = Small::open();
    for runner in [Runner::root(), Runner::nobody()] {
        let script = "cd /nix/store && mkdir -p x/y && touch x/y/z && chmod 0 x/y x && echo $$; exec sleep 1000";
        let (mut child, mut out, process) = started(&mut runner.run(&[], &seed.layout, &["sh", "-c", script]));
        // setpriv has become the program.
        kill("-KILL", &child.id().to_string());
        child.wait().unwrap();
        // The command ends with it.
        out.read_to_string(&mut String::new()).unwrap();
        assert!(!std::path::Path::new("/proc").join(process.trim()).join("exe").exists());
        assert_eq!(runner.left().len(), 1);
        assert_eq!(say(&mut runner.run(&[], &seed.layout, &["true"])).code, Some(0));
        assert!(runner.left().is_empty());
    }
}

#[test]
fn several_runs_share_what_one_unpacks() {
    let (seed, runner) = (Small::open(), Runner::nobody());
    let runs: Vec<_> = (0..6)
        .map(|number| {
            let script = format!("echo {number} > /nix/store/mine && cat /nix/store/mine /nix/store/*-data/file");
            runner.run(&[], &seed.layout, &["sh", "-c", &script]).stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for (number, run) in runs.into_iter().enumerate() {
        let output = run.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{number}\nin the seed"));
    }
    assert!(runner.left().is_empty());
}

#[test]
fn a_cache_that_no_overlay_can_lie_upon_will_do() {
    let (seed, runner) = (Small::open(), Runner::root());
    // As a container's own files are.
    let script = r#"
        set -e
        mkdir lower upper work cache
        mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay cache
        for number in 1 2; do
            ./nix-seed run --insecure-skip-verify "$0" -- sh -c 'cat /nix/store/*-data/link && test ! -e /nix/store/mine && echo > /nix/store/mine'
        done
        ls cache/runs
    "#;
    let said = say(runner.command("unshare".as_ref()).args(["--mount", "sh", "-c", script]).arg(&seed.layout));
    assert_eq!((said.code, said.out.as_str()), (Some(0), "in the seedin the seed"), "{said:?}");
    assert!(said.err.contains("the seed is copied"), "{said:?}");
}
