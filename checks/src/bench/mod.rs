//! What seeds cost, beside what others take for the same in the same run.
//!
//! [`child`] measures one command, [`measure`] runs commands in turn. [`seeds`] are what is measured with, [`origins`] where they
//! come from, [`far`] how far away that may be, [`ground`] where they go to, and [`store`] what runs in them. [`start`], [`wire`], [`write`],
//! [`growth`], [`planning`] and [`evaluation`] are what is measured; [`goals`] judges, and [`report`] tells.
#![allow(clippy::cast_precision_loss, reason = "what is measured has fewer digits than an f64")]

pub mod child;
pub mod evaluation;
pub mod facts;
pub mod far;
pub mod goals;
pub mod graph;
pub mod ground;
pub mod growth;
pub mod measure;
pub mod origins;
pub mod pages;
pub mod planning;
pub mod report;
pub mod seeds;
pub mod start;
pub mod store;
pub mod wire;
pub mod write;
