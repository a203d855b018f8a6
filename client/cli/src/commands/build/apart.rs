//! The build has a `/nix` of its own, which is the seed, and no network.

use nix_seed_run::{Cache, Options};

use super::results::Results;
use super::{HELPER, INHERITED, Job, no_helper};
use crate::commands::run::{Over, Wish, told, variables};
use crate::error::Error;
use crate::verified::Guard;

pub(super) fn run(job: &Job<'_>, guard: &Guard) -> Result<(String, Results), Error> {
    let cache = Cache::of_user()?;
    // What nobody signs may begin before all of the seed is here.
    let wish = Wish { is_unpacked: false, is_complete: !job.build.no_attest };
    let over = Over { guard, wish, global: job.global, cache: &cache };
    over.run(|seed| {
        let digest = seed.digest();
        let helper = seed.program(&cache, HELPER);
        let helper = helper
            .ok_or_else(|| no_helper(&digest, "it has no nix-seed-helper in its PATH, as older seeds have none"))?;
        let command = job.command(&helper, &digest);
        let mut own = variables();
        own.extend(job.variables()?);
        let options = Options {
            no_network: true,
            require_sandbox: true,
            json: job.global.json,
            inherited: Some(INHERITED.map(ToOwned::to_owned).into()),
            variables: own,
            command: command.clone(),
        };
        let finished = nix_seed_run::run(&cache, seed, &options)?;
        told(&finished, &command)?;
        job.ended(&digest, finished.code)?;
        Ok((digest, Results::Apart(finished)))
    })
}
