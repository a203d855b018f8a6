//! The command, as a person or a script runs it: seeds of real files, brought up, interrupted, and taken down.

mod common;
mod kills;
mod refusals;
mod up;
