//! Recorded requests.
use super::command;
use crate::model::request::{RequestDetail, RequestFilter, RequestRow};
use serde::{Deserialize, Serialize};

/// A page of requests, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestPage {
    pub rows: Vec<RequestRow>,
    /// Send it back to get the next page; none on the last.
    pub next_cursor: Option<String>,
}

command! {
    /// Requests, newest first, paged by cursor.
    RequestsList = "requests.list" {
        filter: RequestFilter,
        /// From the page before; none for the first page.
        cursor: Option<String>,
        /// 1 to 200.
        limit: u32,
    } -> RequestPage
}
command! {
    /// One request with every decision that was made for it.
    RequestsGet = "requests.get" { id: String } -> RequestDetail
}
