//! Typed bindings of Ayumi's contracts, and their creation code.
