//! Reading a provider's bill: which export it is, every line of it, or what is wrong with which line. Pure.

mod amount;
mod csv;

use amount::ExactUsd;
use csv::Record;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::collections::BTreeMap;
use weir_contract::model::{
    ledger::{BillFormat, BilledModel},
    time::TimeRange,
};

/// Bad lines that are told of at once.
const MOST_COMPLAINTS: usize = 5;
/// What a line without a model is called.
const NO_MODEL: &str = "(no model)";

/// A bill as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReadBill {
    pub(super) format: BillFormat,
    /// By name.
    pub(super) models: Vec<BilledModel>,
}

/// Where a format keeps what. Columns are numbers of fields.
struct Columns {
    format: BillFormat,
    model: usize,
    amount: usize,
    /// Names a line that has no model.
    kind: Option<usize>,
    currency: Option<usize>,
    date: Option<usize>,
}

/// Reads the whole bill.
///
/// # Errors
/// The first bad lines with their numbers and what to do, or that the columns are not known.
pub(super) fn read(text: &str, range: TimeRange) -> Result<ReadBill, String> {
    let records = csv::records(text)?;
    let Some(first) = records.first() else {
        return Err(
            "the text is empty; choose the exported file, or write lines such as: gpt-5,12.50".to_owned(),
        );
    };
    let (columns, lines) = match columns_of(first) {
        Some(columns) => (columns, &records[1..]),
        None if is_total(first) => (totals(0, 1), &records[..]),
        None => return Err(unknown_columns(first)),
    };
    if lines.is_empty() {
        return Err(
            "the file has a header and no lines; export a range in which something was spent".to_owned(),
        );
    }
    let mut sums: BTreeMap<String, (ExactUsd, u32)> = BTreeMap::new();
    let mut complaints = Vec::new();
    let mut bad = 0_usize;
    for record in lines {
        match columns.line(record, first.fields.len(), range) {
            Ok(Some((model, amount))) => {
                let (sum, count) = sums.entry(model).or_default();
                *sum = sum.plus(amount)?;
                *count += 1;
            }
            Ok(None) => {}
            Err(problem) => {
                bad += 1;
                if complaints.len() < MOST_COMPLAINTS {
                    complaints.push(format!("line {}: {problem}", record.line));
                }
            }
        }
    }
    if bad > complaints.len() {
        complaints.push(format!("and {} more", bad - complaints.len()));
    }
    if bad > 0 {
        return Err(complaints.join("; "));
    }
    let models = sums.into_iter().map(|(model, (sum, lines))| {
        Ok(BilledModel {
            amount_nanousd: sum.to_nanousd()?,
            model,
            lines,
        })
    });
    Ok(ReadBill {
        format: columns.format,
        models: models.collect::<Result<_, String>>()?,
    })
}

fn columns_of(header: &Record) -> Option<Columns> {
    let names: Vec<String> = header
        .fields
        .iter()
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let place = |wanted: &[&str]| {
        wanted
            .iter()
            .find_map(|wanted| names.iter().position(|name| name == wanted))
    };
    if let (Some(model), Some(amount)) = (place(&["line_item"]), place(&["amount_value"])) {
        return Some(Columns {
            format: BillFormat::Openai,
            model,
            amount,
            kind: None,
            currency: place(&["amount_currency"]),
            date: place(&["start_time_iso", "start_time"]),
        });
    }
    if let (Some(model), Some(amount)) = (place(&["model"]), place(&["cost_usd"])) {
        return Some(Columns {
            format: BillFormat::Anthropic,
            model,
            amount,
            kind: place(&["cost_type", "token_type"]),
            currency: place(&["currency"]),
            date: place(&["usage_date_utc", "date_utc", "date"]),
        });
    }
    let (model, amount) = (place(&["model"])?, place(&["amount_usd"])?);
    Some(totals(model, amount))
}

fn totals(model: usize, amount: usize) -> Columns {
    Columns {
        format: BillFormat::Totals,
        model,
        amount,
        kind: None,
        currency: None,
        date: None,
    }
}

/// A typed line without a header: a model and an amount.
fn is_total(record: &Record) -> bool {
    matches!(record.fields.as_slice(), [model, amount] if !model.trim().is_empty() && ExactUsd::parse(amount).is_ok())
}

fn unknown_columns(header: &Record) -> String {
    let found: Vec<&str> = header.fields.iter().map(|name| name.trim()).take(12).collect();
    format!(
        "line {}: these columns are not known: {}. Weir reads OpenAI's export of costs (line_item, amount_value), Anthropic's (model, cost_usd), and lines of model,amount_usd such as: gpt-5,12.50",
        header.line,
        found.join(", ")
    )
}

impl Columns {
    /// A line's model and amount; none for a line without either, as exports have for days on which nothing was spent.
    fn line(
        &self,
        record: &Record,
        width: usize,
        range: TimeRange,
    ) -> Result<Option<(String, ExactUsd)>, String> {
        let fields = &record.fields;
        if fields.len() != width {
            return Err(format!(
                "it has {} fields, the first line has {width}; put a text with commas into quotes, or export the file again",
                fields.len()
            ));
        }
        let field = |column: usize| fields.get(column).map(|text| text.trim()).unwrap_or_default();
        let (model, amount) = (field(self.model), field(self.amount));
        if model.is_empty() && amount.is_empty() {
            return Ok(None);
        }
        if amount.is_empty() {
            return Err("its amount is empty; write 0 if nothing was charged".to_owned());
        }
        let amount = ExactUsd::parse(amount)?;
        if let Some(currency) = self.currency.map(field)
            && !currency.is_empty()
            && !currency.eq_ignore_ascii_case("usd")
        {
            return Err(format!(
                "its currency is {currency:?}; Weir counts in US dollars, so export the bill in those"
            ));
        }
        if let Some(date) = self.date.map(field)
            && !date.is_empty()
        {
            let at_ms = date_ms(date).ok_or_else(|| {
                format!("{date:?} is no date; write it like 2026-11-01, or export the file again")
            })?;
            if at_ms < range.from_ms || at_ms >= range.to_ms {
                return Err(format!(
                    "its date {date} lies outside the chosen range; choose the range that the file covers, or remove the line"
                ));
            }
        }
        // OpenAI says "gpt-5-2025-08-07, input".
        let name = match self.format {
            BillFormat::Openai => model.split(", ").next().unwrap_or(model).trim(),
            _ => model,
        };
        let name = if name.is_empty() {
            self.kind
                .map(field)
                .filter(|kind| !kind.is_empty())
                .unwrap_or(NO_MODEL)
        } else {
            name
        };
        if name.chars().count() > 200 || name.chars().any(char::is_control) {
            return Err("its model's name is longer than 200 characters, or holds a line break".to_owned());
        }
        Ok(Some((name.to_owned(), amount)))
    }
}

/// A day, a moment or UNIX seconds, as UNIX milliseconds. A day begins at 00:00 UTC, as bills have it.
fn date_ms(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds.checked_mul(1_000);
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let day: Date = text.parse().ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests;
