//! Documents as PDF: made for paper and for archives (PDF/A-3), readable by a screen reader (PDF/UA-1), with the data attached.
//!
//! - [`document`] is what a document consists of, [`typeset`] sets it with the template `report.typ`.
//! - [`letters`] says which characters the fonts in the program can show.
//!
//! - [`evidence_report`] is what an evidence pack tells: what was registered, found and done, the drawings, the signatures.
//! - [`qualification_report`] and [`record_report`] do the same for a qualification run and for a copy of a record.
//!
//! Must not know: where records come from. Start with [`document`].

pub mod document;
mod evidence_over_time;
pub mod evidence_report;
mod judged;
pub mod letters;
pub mod qualification_report;
pub mod record_report;
mod signed;
mod told;
pub mod typeset;
