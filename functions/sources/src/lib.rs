//! Sources, repositories, notes, media objects, submitters and citations.
#![warn(missing_docs)]
