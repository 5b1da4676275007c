//! Placeholder heading.
