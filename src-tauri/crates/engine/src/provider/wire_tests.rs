//! The real adapters against a small TCP server that answers as told.
