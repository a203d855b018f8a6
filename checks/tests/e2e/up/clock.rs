//! A machine whose clock is wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix_seed_checks::machine::process;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::fault::{Fault, Rule};
use nix_seed_checks::registry::proxy::Proxy;
use nix_seed_checks::registry::token::{Accounts, Right, TokenServer, User};
use nix_seed_checks::registry::traffic::Kind;
use serde_json::{Value, json};

use super::{Host, Small, said};
use crate::publish::{Publisher, image};

/// What libfaketime does, which Debian builds against a newer C library than some machines have.
const SHIFTED: &str = r#"
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <time.h>
    int clock_gettime(clockid_t clock, struct timespec *time) {
        int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
        int result = real(clock, time);
        if (clock == CLOCK_REALTIME) time->tv_sec += SHIFT;
        return result;
    }
"#;

/// A library that makes a program's clock say `year`, or so.
fn clock(folder: &Path, year: i64) -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let shift = (year - 1970) * 31_557_600 - i64::try_from(now).unwrap();
    let (source, library) = (folder.join("clock.c"), folder.join(format!("clock-{year}.so")));
    fs::write(&source, SHIFTED).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", &format!("-DSHIFT={shift}L"), "-o"]).arg(&library).arg(source).arg("-ldl");
    process::output(&mut cc).unwrap();
    library
}

#[test]
fn a_wrong_clock() {
    let publisher = Publisher::open();
    let user =
        User { name: "me".into(), password: "secret".into(), rights: vec![Right::new("team/*", &["pull", "push"])] };
    let tokens = TokenServer::start(Accounts { users: vec![user], ..Accounts::default() }).unwrap();
    tokens.set_lifetime(Duration::from_secs(60));
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Token(&tokens)).unwrap();
    let proxy = Proxy::start(registry.address()).unwrap();
    let seed = Small::new(&publisher, "app-1.0");
    let login = data_encoding::BASE64.encode(b"me:secret");
    let file = publisher.home().join("auth.json");
    let logins = [registry.address(), proxy.address()].map(|address| (address.to_string(), json!({ "auth": login })));
    fs::write(&file, json!({ "auths": serde_json::Map::from_iter(logins) }).to_string()).unwrap();
    let mut push = publisher.command(&["push", "--json", seed.dir.to_str().unwrap()]);
    push.arg(image(registry.address(), "team/seed:main")).env("REGISTRY_AUTH_FILE", &file);
    said(&mut push).json();

    for year in [1901, 1980, 2200] {
        let library = clock(publisher.home(), year);
        let host = Host::new(&publisher);
        host.mine();
        // A token ends on the way, by the registry's clock.
        proxy.rule(Rule::new(Fault::Unauthorized).kind(Kind::Blob).nth(3));
        let up = |host: &Host| {
            let mut command = host.command(&["up", "--json", &seed.at(proxy.address())]);
            said(command.env("REGISTRY_AUTH_FILE", &file).env("LD_PRELOAD", &library)).json()["up"].clone()
        };
        assert_eq!(up(&host)["missing"], seed.paths);
        assert_eq!(up(&host)["missing"], 0);
        proxy.forget_rules();
        host.assert_valid(seed.paths + 1);
        // The clock was wrong indeed; but no path is from before there was time.
        let info: Value = serde_json::from_str(&host.nix(&["path-info", "--all", "--json"]).unwrap()).unwrap();
        let of_seed = info.as_object().unwrap().iter().find(|(path, _)| path.ends_with("-library-2.1")).unwrap().1;
        let found = of_seed["registrationTime"].as_i64().unwrap();
        let meant = ((year - 1970) * 31_557_600).max(1);
        assert!((meant..meant + 3600).contains(&found), "{year}: {found}, not {meant}");
        host.say(&["down"]);
        host.assert_valid(1);
    }
}
