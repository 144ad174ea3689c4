//! Drawing a laid-out family chart as SVG and PDF.
#![warn(missing_docs)]
