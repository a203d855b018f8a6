//! README's quickstart, from an empty folder, on machines that have neither Nix nor a store. What it takes is printed.

use std::time::Instant;

use nix_seed_checks::seed::flake::Workbench;
use nix_seed_checks::seed::layout::Layout;

use super::*;
use crate::readme::blocks;

/// What others have on the net, and a test has on loopback: packages that are built already, and the sources of a flake's inputs.
struct Public {
    cache: FileServer,
    key: String,
    _folder: TempDir,
}

/// What a seed is made with and of, as `nix/pkgs.nix` lists it, and the quickstart's package.
const PACKAGES: [&str; 16] = [
    "stdenv",
    "stdenvNoCC",
    "nix",
    "bash",
    "bashInteractive",
    "coreutils",
    "cacert",
    "gitMinimal",
    "diffutils",
    "findutils",
    "gawk",
    "gnugrep",
    "gnused",
    "gnutar",
    "hello",
    "hello.src",
];

impl Public {
    fn open(workbench: &Workbench) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let nix = |arguments: &[&str]| process::output(workbench.nix.command("nix").args(arguments)).unwrap();
        let secret = folder.path().join("secret");
        fs::write(&secret, nix(&["key", "generate-secret", "--key-name", "public-1"])).unwrap();
        let mut convert = workbench.nix.command("nix");
        convert.args(["key", "convert-secret-to-public"]).stdin(fs::File::open(&secret).unwrap());
        let key = String::from_utf8(convert.output().unwrap().stdout).unwrap();
        let helper = workbench.helper().unwrap();
        let mut paths = vec![helper.parent().unwrap().parent().unwrap().display().to_string()];
        paths.extend(workbench.packages(&PACKAGES).unwrap().lines().map(ToOwned::to_owned));
        // By the name under which Nix looks for what a lock file names.
        for source in [workbench.nixpkgs(), workbench.source()] {
            let source = source.to_str().unwrap();
            paths.push(nix(&["store", "add-path", "--name", "source", source]).trim().to_owned());
        }
        let cache = folder.path().join("cache");
        let to = format!("file://{}?compression=zstd&secret-key={}", cache.display(), secret.display());
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        nix(&[&["copy", "--to", &to], &paths[..]].concat());
        Self { cache: FileServer::start(&cache).unwrap(), key: key.trim().to_owned(), _folder: folder }
    }

    fn url(&self) -> String {
        format!("http://{}", self.cache.address())
    }

    /// Nix' settings of a machine that knows it.
    fn settings(&self) -> (String, String) {
        ("NIX_CONFIG".into(), format!("substituters = {}\ntrusted-public-keys = {}", self.url(), self.key))
    }
}

/// Leaves a folder, and a forge, without anything in it.
fn clear(forge: &Forge) {
    files::remove(forge.example.source()).unwrap();
    files::remove(Path::new(&forge.remote())).unwrap();
    fs::create_dir(forge.example.source()).unwrap();
}

/// A release, as far as the actions need one: the seed with Nix alone is made, signed and pinned.
fn release(forge: &Forge, runner: &Runner, policy: &str) {
    let (workbench, source) = (&forge.publisher.journey.workbench, forge.example.source());
    clear(forge);
    files::copy_tree(workbench.source(), source).unwrap();
    edit(source, "flake.nix", "name = \"nix\";", "name = \"nix\"; nixConf.sandbox-paths = [ ];").unwrap();
    workbench.lock(source).unwrap();
    forge.write(".seed.cfg.json", policy);
    forge.begin();
    let image = image(forge.registry.address(), "owner/nix");
    let login = format!("export NIX_SEED_REGISTRY_USERNAME=me NIX_SEED_REGISTRY_PASSWORD={TOKEN};");
    let made =
        by_hand(forge, runner, false, &[&format!("{login} nix-seed ci seed --flake .#bootstrap --registry {image}")]);
    succeeded(&made);
    let seed: Value = serde_json::from_slice(&fs::read(runner.state().join("seed.json")).unwrap()).unwrap();
    let digest = seed["digest"].as_str().unwrap();
    let action = forge.folder.path().join("action/action");
    fs::write(action.join("nix.lock.policy.json"), policy).unwrap();
    let lock = action.join("nix.lock");
    let update = ["lock", "update", "--file", lock.to_str().unwrap(), "--system", "x86_64-linux", "--digest", digest];
    let updated = forge.publisher.say(&[&update[..], &["--image", &image, "--commit", &forge.head()]].concat());
    assert_eq!(updated.code, Some(0), "{}", updated.err);
}

#[test]
#[allow(clippy::print_stdout, reason = "what it took is for whoever asks, with --no-capture")]
fn from_an_empty_folder_to_a_build_in_a_seed() {
    let forge = Forge::of("hello");
    let runner = runner(&forge);
    let workbench = &forge.publisher.journey.workbench;
    let public = Public::open(workbench);
    let mut policy = forge.policy();
    policy["build"]["substituters"] = json!([public.url()]);
    let policy = policy.to_string();
    release(&forge, &runner, &policy);
    clear(&forge);

    // What is typed and copied.
    let began = Instant::now();
    let [flake] = <[String; 1]>::try_from(blocks("nix")).unwrap();
    forge.write("flake.nix", &flake);
    fs::create_dir_all(forge.example.source().join(".github/workflows")).unwrap();
    for (name, text) in ["seed", "build"].into_iter().zip(blocks("yaml")) {
        forge.write(&format!(".github/workflows/{name}.yaml"), &text.replace("- master", "- main"));
    }
    // What is another here than on GitHub: Debian's Nix, and who is believed.
    forge.for_debian();
    forge.write(".seed.cfg.json", &policy);
    workbench.lock(forge.example.source()).unwrap();
    forge.begin();
    let committed = began.elapsed();

    let on_bare = |given: &mut Given| {
        given.is_bare = true;
        given.variables.push(public.settings());
    };
    let pushed = Instant::now();
    let made = forge.run(&runner, "seed", on_bare);
    let seeded = pushed.elapsed();
    succeeded(&made);
    assert!(made.log.contains("owner/nix@sha256:"), "{}", made.log);
    assert!(made.summary.contains("signed, logged and attached"), "{}", made.summary);
    report(&forge, &runner);
    forge.pull();
    // The same as on a machine that had all of it in its store.
    let layout = Layout::open(&workbench.build(forge.example.source(), "seed").unwrap()).unwrap();
    assert_eq!(forge.locked()["digest"], layout.manifest_digest);

    let event = json!({ "workflow_run": { "conclusion": "success", "head_repository": { "full_name": "owner/app" } } });
    let recorded = Instant::now();
    let results = forge.run(&runner, "build", |given| {
        on_bare(given);
        given.event = ("workflow_run".into(), event);
    });
    let built = recorded.elapsed();
    succeeded(&results);
    assert_eq!(output(&results, BUILD, "how"), "seed", "{}", results.log);
    assert_eq!(output(&results, BUILD, "attested"), "true", "{}", results.log);
    report(&forge, &runner);
    for (what, took) in [
        ("files copied, inputs locked, committed, pushed", committed),
        ("the seed's job: from an empty machine to the recorded seed", seeded),
        ("the build's job: from an empty machine to the attested result", built),
        ("from an empty folder to a build in a seed", committed + seeded + built),
    ] {
        println!("{what}: {:.1} s", took.as_secs_f64());
    }
}

/// Where the time of the last job went.
#[allow(clippy::print_stdout, reason = "what it took is for whoever asks, with --no-capture")]
fn report(forge: &Forge, runner: &Runner) {
    let trace = runner.state().join("trace.jsonl");
    let said = forge.publisher.say(&["report", trace.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    println!("{}", said.out);
}
