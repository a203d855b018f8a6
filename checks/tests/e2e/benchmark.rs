//! The benchmark runs: small, once, and with all that it compares.

use std::fs;
use std::process::Command;

use nix_seed_checks::machine::process;
use serde_json::Value;

#[test]
fn the_benchmark_measures_all_that_it_names() {
    let out = tempfile::tempdir().unwrap();
    let mut bench = Command::new(env!("CARGO_BIN_EXE_checks"));
    bench.args(["bench", "--quick", "--warm-cache", "--json", "--out"]).arg(out.path());
    let report: Value = serde_json::from_str(&process::output(&mut bench).unwrap()).unwrap();
    let measures = report["measures"].as_array().unwrap();
    let rows = |name: &str| -> Vec<&Value> {
        let measures = measures.iter().filter(|measure| measure["name"] == name);
        measures.flat_map(|measure| measure["rows"].as_array().unwrap()).collect()
    };
    let counts = [
        ("write", 3),
        ("begin", 6),
        ("cold", 6),
        ("warm", 5),
        ("build", 6),
        ("far", 5),
        ("far build", 5),
        ("read", 2),
        ("push", 3),
        ("growth", 6),
    ];
    for (name, count) in counts {
        assert_eq!(rows(name).len(), count, "{name}");
        for row in rows(name) {
            let median = &row["median"];
            assert!(median["seconds"].as_f64() > Some(0.0) && median["memory"].as_u64() > Some(1 << 20), "{row}");
            assert!(median["cpuSeconds"].as_f64() > Some(0.0), "{row}");
        }
    }
    for row in rows("cold") {
        let is_mounted = row["subject"] == "nix-seed up, mounted";
        let files = row["median"]["files"].as_u64().unwrap();
        assert!((files > 1000) != is_mounted && row["median"]["wire"].as_u64() > Some(1 << 20), "{row}");
    }
    for name in ["cold", "build", "far", "far build", "read"] {
        // Whoever serves is none of those who have ended.
        let own = rows(name)[0]["median"]["ownMemory"].as_u64();
        assert!(own > Some(8 << 20), "{name}: {own:?}");
    }
    // A plan of a hundred derivations is too short for the clock of processor time.
    let planning = rows("planning");
    assert!(planning.len() == 6 && planning.iter().all(|row| row["median"]["seconds"].as_f64() > Some(0.0)));
    for example in report["evaluation"].as_array().unwrap() {
        let rows = example["measure"]["rows"].as_array().unwrap();
        assert!(rows.len() == 4 && rows.iter().all(|row| row["median"]["seconds"].as_f64() > Some(0.0)), "{example}");
    }
    for wire in report["wire"].as_array().unwrap() {
        let (seed, rows) = (wire["seed"].as_u64(), wire["measure"]["rows"].as_array().unwrap());
        assert!(rows.len() == 2 && rows.iter().all(|row| row["median"]["wire"].as_u64() > Some(1 << 16)), "{wire}");
        assert!(seed > Some(1 << 20), "{wire}");
    }
    // Of a seed that is there already, documents and metadata are fetched.
    let [cold, again] = [&rows("cold")[1], &rows("warm")[1]].map(|row| row["median"]["wire"].as_u64().unwrap());
    assert!(again < cold / 10, "{again} of {cold} bytes");
    assert_eq!(report["goals"].as_array().unwrap().len(), 16, "{}", report["goals"]);

    let mut files: Vec<_> = fs::read_dir(out.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(&files[0]).unwrap()).unwrap(), report);
    assert!(fs::read_to_string(&files[1]).unwrap().contains("\n## goals\n"));
}
