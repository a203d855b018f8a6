//! Addresses of loopback that no other stack has.
//!
//! All of 127.0.0.0/8 is this machine (RFC 1122, section 3.2.1.3). Rekor v2 takes no free port of the kernel's choice; its checkpoints
//! carry a name, which is the host of its URL without the port; and a service that starts again has to get its port once more. So
//! each service has an address to itself, and whichever ports it likes.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result, anyhow};
use ring::rand::{SecureRandom, SystemRandom};

/// Below those that the kernel gives to connections.
const PORT: u16 = 23000;
/// Each is one of 64,000: more than one try means that somebody is about.
const TRIES: u32 = 16;

pub(super) struct Addresses {
    network: [u8; 3],
    /// Whoever listens here has the other addresses too.
    _claim: TcpListener,
}

impl Addresses {
    pub(super) fn claim() -> Result<Self> {
        let random = SystemRandom::new();
        let claim = |network: [u8; 3]| {
            let [a, b, c] = network;
            TcpListener::bind((Ipv4Addr::new(a, b, c, 1), PORT))
        };
        let mut tries = 0;
        loop {
            let mut bytes = [0; 2];
            random.fill(&mut bytes).map_err(|_| anyhow!("no random numbers"))?;
            // Nothing else is in 127.1.0.0/16 and above; 127.0.0.1 and 127.0.1.1 are taken.
            let network = [127, bytes[0].max(1), bytes[1]];
            tries += 1;
            match claim(network) {
                Ok(claim) => return Ok(Self { network, _claim: claim }),
                Err(error) if tries == TRIES => return Err(error).context("no address of loopback is free"),
                Err(_) => {}
            }
        }
    }

    /// An address of this stack, by a number above one, and the port with this number there.
    pub(super) fn get(&self, host: u8, port: u16) -> SocketAddr {
        let [a, b, c] = self.network;
        (Ipv4Addr::new(a, b, c, host), PORT + port).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_stacks_share_no_address() {
        let [one, other] = [Addresses::claim().unwrap(), Addresses::claim().unwrap()];
        assert_ne!(one.network, other.network);
        assert!(one.get(2, 0).ip().is_loopback());
        assert_ne!(one.get(2, 0), one.get(3, 0));
    }
}
