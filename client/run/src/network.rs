//! A network namespace has a loopback interface, which is down: many tests need it up.

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// rtnetlink(7).
const RTM_NEWLINK: u16 = 16;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLMSG_ERROR: u16 = 2;
const IFF_UP: u32 = 1;
/// The loopback interface is the first of every namespace.
const LOOPBACK: i32 = 1;

/// Switches the loopback interface on.
pub(crate) fn loopback_up() -> std::io::Result<()> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    sendto(&socket, &request(), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut answer = [0; 512];
    let (read, _) = recv(&socket, &mut answer, RecvFlags::empty())?;
    match error(answer.get(..read).unwrap_or_default()) {
        Some(0) => Ok(()),
        Some(number) => Err(std::io::Error::from_raw_os_error(-number)),
        None => Err(std::io::ErrorKind::InvalidData.into()),
    }
}

/// A `nlmsghdr` and an `ifinfomsg`, both in the machine's byte order.
fn request() -> Vec<u8> {
    let mut request = Vec::with_capacity(32);
    request.extend(32u32.to_ne_bytes());
    request.extend(RTM_NEWLINK.to_ne_bytes());
    request.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    // No sequence, no port, any kind of interface.
    request.extend([0; 12]);
    request.extend(LOOPBACK.to_ne_bytes());
    // Which flags, and which of them are to change.
    request.extend(IFF_UP.to_ne_bytes());
    request.extend(IFF_UP.to_ne_bytes());
    request
}

/// The number in a `nlmsgerr`: 0 or a negative `errno`.
fn error(answer: &[u8]) -> Option<i32> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let number = i32::from_ne_bytes(answer.get(16..20)?.try_into().ok()?);
    (kind == NLMSG_ERROR).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_as_long_as_it_says() {
        let request = request();
        assert_eq!(request.len(), 32);
        assert_eq!(request[..4], 32u32.to_ne_bytes());
        assert_eq!(error(&request), None);
    }
}
