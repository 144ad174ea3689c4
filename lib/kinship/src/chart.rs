//! Layout of charts.
