use nix_seed_store::{Closure, Sha256Hash};
use sha2::{Digest, Sha256};

/// A closure's digest: the SHA-256 of a line for each of its paths, sorted by path. A line is what a binary cache signs for
/// a path (Nix: `ValidPathInfo::fingerprint`), `1;<path>;sha256:<NAR hash in Nix base 32>;<NAR size>;<references, sorted, with commas>`,
/// and ends with a line feed.
///
/// So two closures have one digest where every path has the same content and refers to the same paths.
pub fn closure_digest(closure: &Closure) -> Sha256Hash {
    let mut digest = Sha256::new();
    for info in closure.iter() {
        let references: Vec<_> = info.references.iter().map(ToString::to_string).collect();
        let (path, hash, size) = (&info.path, info.nar_hash.nix_base32(), info.nar_size);
        digest.update(format!("1;{path};sha256:{hash};{size};{}\n", references.join(",")));
    }
    Sha256Hash(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix_seed_store::{PathInfo, StorePath};
    use proptest::prelude::*;

    fn info(name: &str, references: &[&str]) -> PathInfo {
        let path = |name: &str| StorePath::from_base_name(&format!("0c6sj0ar3q8dvxl3zrk1mgh5g6hcb1sp-{name}")).unwrap();
        PathInfo {
            path: path(name),
            nar_hash: Sha256Hash([7; 32]),
            nar_size: 120,
            references: references.iter().map(|name| path(name)).collect(),
            ca: None,
        }
    }

    #[test]
    fn the_lines_are_those_that_a_cache_signs() {
        let closure: Closure = [info("b", &["a", "b"]), info("a", &[])].into_iter().collect();
        let hash = "01q0w1q0w1q0w1q0w1q0w1q0w1q0w1q0w1q0w1q0w1q0w1q0w1q7".to_owned();
        let real = Sha256Hash([7; 32]).nix_base32();
        assert_eq!(real.len(), hash.len());
        let store = "/nix/store/0c6sj0ar3q8dvxl3zrk1mgh5g6hcb1sp";
        let text = format!("1;{store}-a;sha256:{real};120;\n1;{store}-b;sha256:{real};120;{store}-a,{store}-b\n");
        assert_eq!(closure_digest(&closure), Sha256Hash(Sha256::digest(text).into()));
    }

    proptest! {
        #[test]
        fn every_change_shows(at in 0usize..4, size in 121u64.., byte: u8) {
            let closure = |change: &dyn Fn(&mut PathInfo)| -> Closure {
                let mut infos = [info("a", &[]), info("b", &["a"]), info("c", &["a", "b"]), info("d", &[])];
                change(&mut infos[at]);
                infos.into_iter().collect()
            };
            let same = closure_digest(&closure(&|_| ()));
            prop_assert_eq!(closure_digest(&closure(&|_| ())), same);
            prop_assert_ne!(closure_digest(&closure(&|info| info.nar_size = size)), same);
            prop_assert_ne!(closure_digest(&closure(&|info| info.nar_hash.0[3] = 7 ^ byte.max(1))), same);
            prop_assert_ne!(closure_digest(&closure(&|info| info.references.push(info.path.clone()))), same);
        }
    }
}
