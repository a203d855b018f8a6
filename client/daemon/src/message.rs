//! What a daemon says while it works, up to its answer.

use std::io::Read;

use crate::wire::Reader;
use crate::{Error, Result};

const NEXT: u64 = 0x6f6c_6d67;
const LAST: u64 = 0x616c_7473;
const ERROR: u64 = 0x6378_7470;
const START_ACTIVITY: u64 = 0x5354_5254;
const STOP_ACTIVITY: u64 = 0x5354_4f50;
const RESULT: u64 = 0x5253_4c54;

/// What is kept of a message.
const LONGEST: usize = 2000;
/// Far more traces or fields than any daemon has: what says otherwise is none.
const MOST: u64 = 1 << 16;

/// Reads all messages up to the one that says that the daemon has done its work; its error is the result.
pub(crate) fn finish(reader: &mut Reader<impl Read>) -> Result<()> {
    loop {
        match reader.number()? {
            LAST => return Ok(()),
            ERROR => return Err(error(reader)?),
            NEXT => tell(reader)?,
            START_ACTIVITY => {
                let (_id, _level, _kind) = (reader.number()?, reader.number()?, reader.number()?);
                tell(reader)?;
                fields(reader)?;
                let _parent = reader.number()?;
            }
            STOP_ACTIVITY => drop(reader.number()?),
            RESULT => {
                let (_id, _kind) = (reader.number()?, reader.number()?);
                fields(reader)?;
            }
            _ => return Err(Error::Protocol("an unknown kind of message")),
        }
    }
}

fn tell(reader: &mut Reader<impl Read>) -> Result<()> {
    // Read before, since nobody may want to be told.
    let text = reader.text(LONGEST)?;
    tracing::debug!("Nix daemon: {text}");
    Ok(())
}

fn error(reader: &mut Reader<impl Read>) -> Result<Error> {
    let _type = reader.string(LONGEST)?;
    let _level = reader.number()?;
    let _name = reader.string(LONGEST)?;
    let message = reader.text(LONGEST)?;
    position(reader)?;
    let traces = reader.number()?;
    if traces > MOST {
        return Err(Error::Protocol("an error with too many traces"));
    }
    for _ in 0..traces {
        position(reader)?;
        reader.text(LONGEST)?;
    }
    Ok(Error::Refused(message))
}

/// Nix has not sent a position since 2.4, and defines none.
fn position(reader: &mut Reader<impl Read>) -> Result<()> {
    match reader.number()? {
        0 => Ok(()),
        _ => Err(Error::Protocol("an error with a position")),
    }
}

fn fields(reader: &mut Reader<impl Read>) -> Result<()> {
    let count = reader.number()?;
    if count > MOST {
        return Err(Error::Protocol("a message with too many fields"));
    }
    for _ in 0..count {
        match reader.number()? {
            0 => drop(reader.number()?),
            1 => drop(reader.text(0)?),
            _ => return Err(Error::Protocol("a message with an unknown kind of field")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Request;

    fn finish_of(request: &Request) -> (Result<()>, usize) {
        let mut reader = Reader(request.bytes());
        let result = finish(&mut reader);
        (result, reader.0.len())
    }

    #[test]
    fn messages_are_read_up_to_the_answer() {
        let activity = Request::new(START_ACTIVITY).number(1).number(2).number(3).text(&"copying");
        let activity = activity.number(2).number(0).number(7).number(1).text(&"field").number(0);
        let all = activity.number(RESULT).number(1).number(105).number(1).number(0).number(4);
        let all = all.number(NEXT).text(&"warning\n").number(STOP_ACTIVITY).number(1).number(LAST).number(42);
        let (result, left) = finish_of(&all);
        assert!(result.is_ok() && left == 8);
    }

    #[test]
    fn an_error_is_told_with_its_message() {
        let error =
            Request::new(ERROR).text(&"Error").number(0).text(&"Error").text(&"\u{1b}[31mno\u{1b}[0m such path");
        let (result, left) = finish_of(&error.number(0).number(1).number(0).text(&"while adding").number(5));
        assert!(matches!(result, Err(Error::Refused(message)) if message == "no such path"));
        assert_eq!(left, 8);
    }

    #[test]
    fn endless_traces_and_fields_are_refused() {
        let error = Request::new(ERROR).text(&"Error").number(0).text(&"").text(&"").number(0).number(u64::MAX);
        assert!(matches!(finish_of(&error).0, Err(Error::Protocol(_))));
        let result = Request::new(RESULT).number(1).number(1).number(u64::MAX);
        assert!(matches!(finish_of(&result).0, Err(Error::Protocol(_))));
        assert!(matches!(finish_of(&Request::new(7)).0, Err(Error::Protocol(_))));
    }
}
