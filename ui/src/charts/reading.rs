//! What the parts of one figure share, and how a pointer or key moves through it.

use super::{drill, shape::Drawing};
use crate::{contexts::Shell, route::Page};
use leptos::{html, prelude::*};
use weir_contract::model::chart::{ChartData, ChartKind};

/// What the parts of one figure share.
#[derive(Clone, Copy)]
pub struct Reading {
    pub shell: Shell,
    pub kind: ChartKind,
    pub title: &'static str,
    pub data: RwSignal<Option<ChartData>>,
    pub drawing: Memo<Drawing>,
    pub hidden: RwSignal<Vec<String>>,
    pub cursor: RwSignal<Option<usize>>,
    pub plot: NodeRef<html::Div>,
}

impl Reading {
    pub fn is_shown(self, name: &str) -> bool {
        self.hidden
            .with(|hidden| !hidden.iter().any(|other| other == name))
    }

    /// The bucket under a pointer, and its height inside the plot.
    pub fn locate(self, client_x: f64, client_y: f64) -> Option<(usize, f64)> {
        let bounds = self.plot.get_untracked()?.get_bounding_client_rect();
        let index = self
            .drawing
            .with_untracked(|drawing| drawing.frame.index_at(client_x - bounds.left()))?;
        Some((index, client_y - bounds.top()))
    }

    pub fn open(self, index: usize, y: Option<f64>) {
        let query = self.data.with_untracked(|data| {
            let data = data.as_ref()?;
            let series = y.and_then(|y| {
                self.drawing.with_untracked(|drawing| {
                    drill::series_at(data, &drawing.frame, index, y, |name| {
                        self.hidden
                            .with_untracked(|hidden| !hidden.iter().any(|other| other == name))
                    })
                })
            });
            Some(drill::filters(data, index, series))
        });
        if let Some(query) = query {
            self.shell
                .go(&untrack(|| self.shell.href_with(Page::Requests, query)));
        }
    }

    pub fn step(self, key: &str) -> bool {
        let Some(last) = self
            .drawing
            .with_untracked(|drawing| drawing.frame.buckets.checked_sub(1))
        else {
            return false;
        };
        let now = self.cursor.get_untracked();
        let next = match key {
            "ArrowLeft" => Some(now.map_or(last, |index| index.saturating_sub(1))),
            "ArrowRight" => Some(now.map_or(0, |index| (index + 1).min(last))),
            "Home" => Some(0),
            "End" => Some(last),
            "Escape" => None,
            _ => return false,
        };
        self.cursor.set(next);
        true
    }
}
