//! Derivations that depend on the flake's own source and are no outputs. Each example that has some: edit what they are made
//! of, then build all outputs, check and develop in its seed, offline.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use nix_seed_checks::seed::layout::Layout;
use serde_json::Value;

use crate::seed::Seed;

/// Builds outputs of the edited flake, which are /tmp/result, /tmp/result-1 and so on; then checks the flake, and says what
/// `command` prints. One container does all of it.
fn build_and(seed: &Seed, outputs: &[&str], command: &str) -> String {
    let outputs: Vec<_> = outputs.iter().map(|output| format!("'path:/src#{output}'")).collect();
    let build = format!("nix build --out-link /tmp/result {}", outputs.join(" "));
    seed.run(&["sh", "-euc", &format!("{build}\nnix flake check /src\n{command}")])
}

/// What Nix writes while `nix flake check` fails in the seed.
fn failed_check(seed: &Seed) -> String {
    let said = seed.image().run(&seed.podman, seed.source(), &["nix", "flake", "check", "/src"]).unwrap();
    assert!(!said.success);
    said.stderr
}

#[test]
fn crane_builds_after_edits_of_dependencies_and_program() {
    let seed = Seed::of_example("crane");
    seed.edit("project.toml", "features = []", "features = [\"loud\"]");
    seed.edit("project.lock", "0.3.1", "0.4.0");
    seed.edit("vendor/plural-0.4.0/plural.c", "%u x ", "%u times ");
    seed.edit("src/main.c", "puts(line.text)", "printf(\"%s?\\n\", line.text)");
    let said = build_and(&seed, &["default"], "/tmp/result/bin/tally apple pear apple");
    assert_eq!(said, "2 times apples!?\n1 times pear!?\n");
}

#[test]
fn crane_builds_dependencies_again_only_when_they_change() {
    let seed = Seed::of_example("crane");
    let command = "
        cp -r /src /tmp/flake
        edit() { sed -i \"$2\" /tmp/flake/$1; nix build path:/tmp/flake --no-link 2>&1 | grep '^building'; echo; }
        edit project.toml 's/\\[\\]/[\"quick\"]/'
        edit src/main.c '$a // The end.'
        edit project.toml s/2.1.0/2.2.0/
        edit vendor/plural-0.3.1/plural.c '$a // The end.'
    ";
    let said = seed.run(&["sh", "-uc", command]);
    let built = |name| said.trim_end().split("\n\n").map(|step| step.contains(name)).collect::<Vec<_>>();
    assert_eq!(built("tally-deps"), [true, false, false, true], "{said}");
    assert_eq!(built("-tally-2."), [true; 4], "{said}");
}

#[test]
fn generator_builds_after_edits_of_the_generator_and_the_schema() {
    let seed = Seed::of_example("generator");
    seed.edit("tools/schema-to-c.c", "SEPARATOR \\\"=\\\"", "SEPARATOR \\\":\\\"");
    seed.edit("schema/messages.schema", "greet name", "greet who");
    seed.edit("server/main.c", "?", "what?");
    let talk = "
        /tmp/result/bin/client
        /tmp/result/bin/client greet World
        /tmp/result/bin/client greet World | /tmp/result-1/bin/server
        echo greet name=World | /tmp/result-1/bin/server
    ";
    let expected = ["schema e082ed55", "greet who:World", "Hello, World!", "what?"];
    assert_eq!(build_and(&seed, &["client", "server"], talk).lines().collect::<Vec<_>>(), expected);
    let generate = ["nix", "develop", "/src", "--command", "schema-to-c", "header"];
    assert!(seed.run(&generate).contains("SEPARATOR \":\""));
}

#[test]
fn generator_check_fails_in_the_seed_when_an_edit_of_the_schema_breaks_it() {
    let seed = Seed::of_example("generator");
    seed.edit("schema/messages.schema", "greet name\n", "");
    let said = failed_check(&seed);
    // What the client says, not that it could not be built.
    assert!(said.contains("usage: client"), "{said}");
}

#[test]
fn monorepo_builds_after_an_edit_deep_in_the_graph() {
    let seed = Seed::of_example("monorepo");
    seed.edit("packages/p01/p01.c", "return 1;", "return 1001;");
    let said = build_and(&seed, &["default"], "cd /tmp/result/bin; ./p31; ./p36; ./p38; ./p41; ./p53; ./p60");
    let expected = [
        "p31 1016",
        "p36 1036",
        // Has nothing to do with it.
        "p38 52",
        "p41 2004",
        "p53 p31 1016, p39 1080",
        "p60 p59 p57 2160, p58 [\"p40\",\"96\"], p53 p31 1016, p39 1080",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn monorepo_builds_after_an_edit_of_the_graph() {
    let seed = Seed::of_example("monorepo");
    let program =
        "#include <p30.h>\n#include <stdio.h>\nint main(void) { printf(\"p61 %d\\n\", p30() > 0); return 0; }\n";
    fs::create_dir(seed.source().join("packages/p61")).unwrap();
    fs::write(seed.source().join("packages/p61/main.c"), program).unwrap();
    fs::write(seed.source().join("packages/p61/package.toml"), "packages = [\"p30\"]\n").unwrap();
    // What was a dependency of one package becomes one of another as well.
    seed.edit("packages/p59/package.toml", "\"p58\"", "\"p58\", \"p61\"");
    seed.edit("packages/p59/package.toml", "]", "]\nnixpkgs = [\"jq\"]");
    seed.edit("packages/p59/main.sh", "$(p57)", "$(p61 | jq --raw-input --compact-output .)");
    seed.edit("packages/p30/package.toml", "\"p28\"", "\"p28\", \"p01\"");
    seed.edit("packages/p30/p30.c", "#include <p28.h>", "#include <p01.h>\n#include <p28.h>");
    seed.edit("packages/p30/p30.c", "return ", "return 1000 * p01() + ");
    let said = build_and(&seed, &["default", "p61"], "cd /tmp/result/bin; ./p40; ./p59; /tmp/result-1/bin/p61");
    assert_eq!(said, "p40 1096\np59 \"p61 1\", p58 [\"p40\",\"1096\"]\np61 1\n");
}

#[test]
fn parts_build_after_an_edit_of_the_library() {
    let seed = Seed::of_example("parts");
    seed.edit("libgreet/words.json", "Hello", "Good morning");
    let command = "
        /tmp/result/bin/greet
        /tmp/result-1/bin/greet you
        nix run /src me
        nix develop /src --command sh -c 'tree --version > /dev/null && cp -r /src/greet /tmp && cd /tmp/greet && make > /dev/null && ./greet us'
    ";
    let said = build_and(&seed, &["default", "variants.shouting"], command);
    let expected = ["nobody!", "you!!!", "me!", "us!"].map(|name| format!("Good morning, {name}"));
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn reads_builds_after_an_edit_of_each_file_that_is_read() {
    let seed = Seed::of_example("reads");
    seed.edit("VERSION", "3.2.1", "4.0.0");
    seed.edit("config.toml", "Welcome", "Good evening");
    let press = "\"press\": { \"port\": 631, \"description\": \"What people print with\" },\n  \"web\"";
    seed.edit("services.json", "\"web\"", press);
    seed.edit("services.json", "2525", "25");
    let command = "
        /tmp/result/bin/announce | cut --delimiter=, --fields=1
        ls /tmp/result-1/
        grep --no-filename Description /tmp/result-1/press.service
        /tmp/result-2/bin/service-press
        /tmp/result-3/bin/service-mail
    ";
    let said = build_and(&seed, &["default", "units", "service-press", "service-mail", "service-web"], command);
    let expected = [
        "announce 4.0.0 (dirty",
        "  mail: 25",
        "  press: 631",
        "  web: 8080",
        "mail.service",
        "press.service",
        "web.service",
        "Description=What people print with",
        "Good evening to press at port 631",
        "Good evening to mail at port 25",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn reads_builds_a_commit() {
    let seed = Seed::of_example("reads");
    let command = "
        cp -r /src /tmp/flake
        cd /tmp/flake
        git init --quiet --initial-branch=main
        git add .
        git -c user.name=somebody -c user.email=somebody@example.org commit --quiet --message=first
        nix build git+file:///tmp/flake --out-link /tmp/result
        /tmp/result/bin/announce | head --lines=1
        git log -1 --format='announce 3.2.1 (%H, %cd)' --date=format:%Y%m%d
    ";
    let said = seed.run(&["env", "TZ=UTC", "sh", "-euc", command]);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert_eq!(lines[0], lines[1]);
}

#[test]
fn shapes_build_after_edits() {
    let seed = Seed::of_example("shapes");
    seed.edit("lib/textkit.c", "words", "tokens");
    seed.edit("lib/textkit.txt", "textkit", "The textkit");
    seed.edit("count/count.txt", "count", "The count");
    seed.edit("data/words.txt", "in any order", "in no order");
    seed.edit("data/letter.txt", "Dear reader", "Dear writer");
    let outputs = ["default^*", "upper", "structured", "versions", "words", "letter", "closure"];
    let command = "
        cat /tmp/result-doc/share/doc/count/count.txt
        grep --only-matching 'count-1.0.0/bin/count' /tmp/result-2
        cat \"$(grep --only-matching '[^\"]*-textkit-1.0.0-doc' /tmp/result-2)/share/doc/textkit/textkit.txt\"
        wc --lines < /tmp/result-3
        head --lines=1 /tmp/result-4
        head --lines=1 /tmp/result-5
        grep textkit /tmp/result-6
        echo loud | /tmp/result-1/bin/upper
        nix run /src one two
    ";
    let expected = [
        "The count WORD...: says how many words there are.",
        "count-1.0.0/bin/count",
        "The textkit: what the programs know about text.",
        "2",
        "apple",
        "Dear writer,",
        "textkit-1.0.0-lib",
        "LOUD",
        "2 TOKENS",
    ];
    assert_eq!(build_and(&seed, &outputs, command).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn shells_develop_after_edits_of_what_only_they_name() {
    let seed = Seed::of_example("shells");
    seed.edit("lib/colour.c", "\"light\", \"dark\"", "\"pale\", \"deep\"");
    seed.edit("tools/stages.txt", "release: -O2", "release: -O3");
    seed.edit("tools/stage.c", "fputs(line + length + 2, stdout)", "printf(\"-g %s\", line + length + 2)");
    seed.edit("scripts/describe.sh", "files", "entries");
    let command = "
        /tmp/result/bin/paint
        cat /tmp/result-1
        develop() { nix develop \"path:/src#$1\" --command bash -euc \"$2\"; }
        develop default 'cp -r /src/paint /tmp && cd /tmp/paint && make > /dev/null && ./paint red && jq --version'
        develop staged 'echo $CFLAGS'
        STAGE=release develop staged 'echo $CFLAGS; stage $stages development'
        develop plain 'echo $PAINT_DEFAULT; pkg-config --version > /dev/null; echo \"#include <colour.h>\" | $CC -fsyntax-only -xc -'
        develop scripts 'describe /src/tools; echo ${CC-no compiler}'
    ";
    let said = build_and(&seed, &["default", "swatch"], command);
    let expected = [
        "pale grey",
        "\"pale blue\"",
        "deep red",
        "jq-1.7",
        "-g -O0 -g",
        "-g -O3 -DNDEBUG",
        "-g -O0 -g",
        "green",
        "{\"entries\":[\"stage.c\",\"stages.txt\"]}",
        "no compiler",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn vendored_builds_after_an_edit_and_fetches_nothing() {
    let seed = Seed::of_example("vendored");
    seed.edit("src/report.c", "Report", "Summary");
    // The fetch's derivation is another one now, and its result is there.
    let said = seed.run(&["sh", "-c", "nix build path:/src --no-link 2>&1"]);
    assert!(said.contains("report-vendor.drv"), "{said}");
    assert!(!said.contains("report-staging.drv"), "{said}");
    let command = "/tmp/result/bin/report a=1 bb=22; ls /tmp/result-1/sources";
    let expected = "Summary\na.........1\nbb........22\npadding-1.0.0\ntable-2.3.0\n";
    assert_eq!(build_and(&seed, &["default", "bundled"], command), expected);
}

#[test]
fn editing_what_intermediates_are_made_of_changes_their_results_and_no_other_layer() {
    for (example, file, from, to) in [
        ("crane", "vendor/plural-0.3.1/plural.c", "\"s\"", "\"es\""),
        ("generator", "tools/schema-to-c.c", "\\\"=\\\"", "\\\":\\\""),
        ("monorepo", "packages/p01/p01.c", "return 1", "return 2"),
        ("vendored", "src/report.c", "Report", "Summary"),
    ] {
        let seed = Seed::of_example(example);
        seed.edit(file, from, to);
        let after = seed.workbench.build(seed.source(), "seed").unwrap();
        assert_eq!(new_groups(&seed.layout, &after), ["metadata", "results"], "{example}");
    }
}

#[test]
fn editing_an_output_beside_intermediates_leaves_the_seed() {
    let seed = Seed::of_example("crane");
    seed.edit("src/main.c", "Counts how", "Says how");
    assert_eq!(seed.workbench.build(seed.source(), "seed").unwrap(), seed.layout);
}

/// The groups of the layers that an image has and another has not.
fn new_groups(before: &Path, after: &Path) -> Vec<String> {
    let layers = |layout: &Path| Layout::open(layout).unwrap().manifest["layers"].as_array().unwrap().clone();
    let digests: Vec<_> = layers(before).iter().map(|layer| layer["digest"].clone()).collect();
    let group = |layer: &Value| layer["annotations"]["io.github.0compute.nix-seed.group"].as_str().unwrap().to_owned();
    let new = layers(after).into_iter().filter(|layer| !digests.contains(&layer["digest"]));
    new.map(|layer| group(&layer)).collect::<BTreeSet<_>>().into_iter().collect()
}
