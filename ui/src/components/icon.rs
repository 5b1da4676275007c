//! Line icons as inline SVG: no font, no files, coloured by the text around them.

use leptos::prelude::*;

/// Every icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol {
    Overview,
    Requests,
    Cache,
    Budgets,
    Limits,
    Rollouts,
    Alerts,
    Changes,
    Settings,
    Table,
    Copy,
    Check,
    Close,
    Sun,
    Moon,
    Auto,
    Warning,
    Arrow,
    Back,
    Local,
    Sample,
    Attach,
    Plus,
}

impl Symbol {
    /// The strokes in a 24 × 24 box.
    fn path(self) -> &'static str {
        match self {
            Symbol::Overview => "M4 20V11M10 20V4M16 20v-7M22 20H2",
            Symbol::Requests => "M4 6h16M4 12h16M4 18h10",
            Symbol::Cache => {
                "M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zM4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3"
            }
            Symbol::Budgets => {
                "M3 7.5h15.5A2.5 2.5 0 0 1 21 10v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM3 7.5 15 3v4.5M16.5 14h.5"
            }
            Symbol::Limits => "M4.5 18a9 9 0 1 1 15 0M12 14l4-5M11 14h2",
            Symbol::Rollouts => {
                "M6 3v12M6 15a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM18 3a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM18 9c0 5-6 4-11 7"
            }
            Symbol::Alerts => "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
            Symbol::Changes => "M3.500 9a9 9 0 1 1-.4 5M3 4v5h5M12 7.500V12l3 2",
            Symbol::Settings => {
                "M4 7h9M19 7h1M4 17h1M11 17h9M16 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 14.500a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z"
            }
            Symbol::Table => "M3 5h18v14H3zM3 10h18M9 10v9",
            Symbol::Copy => "M9 9h11v11H9zM5 15H4V4h11v1",
            Symbol::Check => "M5 12.500 10 17.500 19.500 7",
            Symbol::Close => "M6 6l12 12M18 6 6 18",
            Symbol::Sun => {
                "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2.500M12 19.500V22M2 12h2.500M19.500 12H22M5 5l1.700 1.700M17.300 17.300 19 19M5 19l1.700-1.700M17.300 6.700 19 5"
            }
            Symbol::Moon => "M20 14.500A8.500 8.500 0 1 1 9.500 4a7 7 0 0 0 10.500 10.500z",
            Symbol::Auto => "M3 5h18v11H3zM9 20h6M12 16v4",
            Symbol::Warning => "M12 4 2.500 20h19zM12 10v4.500M12 17.200v.3",
            Symbol::Arrow => "M9 6l6 6-6 6",
            Symbol::Back => "M15 6l-6 6 6 6",
            Symbol::Local => "M4 5h16v11H4zM2 20h20",
            Symbol::Sample => {
                "M9 3h6M10 3v6L4.500 19a1.500 1.500 0 0 0 1.300 2h12.400a1.500 1.500 0 0 0 1.300-2L14 9V3M7.500 15h9"
            }
            Symbol::Attach => {
                "M6 20a4 4 0 0 1-.5-8A6.500 6.500 0 0 1 18 10.500 4.500 4.500 0 0 1 17.500 20zM12 12v8M9 15l3-3 3 3"
            }
            Symbol::Plus => "M12 5v14M5 12h14",
        }
    }
}

/// An icon; decorative, so hidden from screen readers: the word beside it or the button's label speaks.
#[component]
pub fn Icon(symbol: Symbol) -> impl IntoView {
    view! {
        <svg class="icon" width="16" height="16" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=symbol.path()></path></svg>
    }
}

/// Weir's mark: water over a low dam.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" width="24" height="24" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <rect class="mark-tile" width="24" height="24" rx="6"></rect>
            <path class="mark-flow" d="M4 8.500c2.500-1.800 5-1.800 7 0 2.600 2.300 1.600 7 4 8.500 1.600 1 3.300.8 5-.5"></path>
            <path class="mark-flow" d="M4 13c1.600-1 3.200-1 4.500 0 1.500 1.200 1.200 3 2.300 4"></path>
        </svg>
    }
}
