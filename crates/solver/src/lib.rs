//! The daemon that delivers.
