//! A program that runs until it is dropped, and says on its output when it is ready.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Far more than any of them takes: a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Service {
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts the program and waits for the first line of output in which `ready` finds something.
    pub(crate) fn start<T: Send + 'static>(
        mut command: Command,
        ready: impl Fn(&str) -> Option<T> + Send + 'static,
    ) -> Result<(Self, T)> {
        let name = command.get_program().to_string_lossy().into_owned();
        let (output, input) = std::io::pipe().context("cannot make a pipe")?;
        command.stdin(Stdio::null()).stdout(input.try_clone()?).stderr(input);
        let child = command.spawn().with_context(|| format!("cannot run {name}"))?;
        // It holds the pipe's end, which only the program is to have.
        drop(command);
        let log = Arc::new(Mutex::new(String::new()));
        let (sender, receiver) = mpsc::channel();
        let reader = {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                    log.push_str(&line);
                    log.push('\n');
                    drop(log);
                    if let Some(found) = ready(&line) {
                        let _ = sender.send(found);
                    }
                }
            })
        };
        let service = Self { child, log, reader: Some(reader) };
        match receiver.recv_timeout(PATIENCE) {
            Ok(found) => Ok((service, found)),
            Err(RecvTimeoutError::Disconnected) => bail!("{name} ended before it was ready:\n{}", service.log()),
            Err(RecvTimeoutError::Timeout) => bail!("{name} is not ready after {PATIENCE:?}:\n{}", service.log()),
        }
    }

    /// What the program has written so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn is_ready_when_it_says_so_and_ends_when_it_is_dropped() {
        let ready = |line: &str| line.strip_prefix("port ").map(str::to_owned);
        let (service, port) = Service::start(shell("echo hello; echo port 7 >&2; exec sleep 1000"), ready).unwrap();
        assert_eq!((port.as_str(), service.log().as_str()), ("7", "hello\nport 7\n"));
        let folder = format!("/proc/{}", service.child.id());
        assert!(std::fs::exists(&folder).unwrap());
        drop(service);
        assert!(!std::fs::exists(&folder).unwrap());
    }

    #[test]
    fn a_program_that_ends_is_an_error_with_what_it_wrote() {
        let error = Service::start(shell("echo no room >&2"), |_| None::<()>).err().unwrap();
        assert!(error.to_string().contains("no room"), "{error}");
    }
}
