//! The ledger: correcting it, checking it, holding it against providers' bills.

mod bill;
mod bills;
mod check;
mod compare;
mod correct;
mod reconcile;

pub use bills::{bill, bills};
pub use check::{check, compare_sums};
pub use correct::correct;
pub use reconcile::reconcile;
