//! A bill beside our own sums, model by model.

use crate::{Admin, from_store};
use std::collections::BTreeMap;
use weir_contract::{
    ApiError, NanoUsd,
    model::ledger::{Bill, BillComparison, BilledModel, ModelDifference},
};
use weir_engine::{budget::period::resets_text, store::BoughtModel};

/// Hundredths of a percent in one.
const BASIS_POINTS: i128 = 10_000;

/// Reads our sums of the bill's provider and range, and holds them against the bill.
///
/// # Errors
/// Failures of the database.
pub(super) async fn compare(
    admin: &Admin,
    bill: Bill,
    billed: &[BilledModel],
) -> Result<BillComparison, ApiError> {
    let ours = admin
        .store
        .bought_models(&bill.provider, bill.range)
        .await
        .map_err(from_store)?;
    let oldest_ms = admin.store.oldest_request_ms().await.map_err(from_store)?;
    let models = differences(&ours, billed);
    let total = total(&models);
    let notes = notes(&bill, &total, oldest_ms, admin.clock.now_ms());
    Ok(BillComparison {
        bill,
        models,
        total,
        notes,
    })
}

/// Model by model, the largest difference first.
fn differences(ours: &[BoughtModel], billed: &[BilledModel]) -> Vec<ModelDifference> {
    let mut rows: BTreeMap<String, ModelDifference> = BTreeMap::new();
    for one in ours {
        rows.insert(
            one.model.clone(),
            ModelDifference {
                ours_nanousd: one.cost_nanousd,
                requests: one.requests,
                unsettled_nanousd: one.unsettled_nanousd,
                ..empty(&one.model)
            },
        );
    }
    for one in billed {
        let name = our_name(&one.model, ours).unwrap_or(&one.model);
        let row = rows.entry(name.to_owned()).or_insert_with(|| empty(name));
        row.billed_as.push(one.model.clone());
        row.billed_nanousd = row.billed_nanousd.saturating_add(one.amount_nanousd);
    }
    let mut rows: Vec<ModelDifference> = rows.into_values().map(compared).collect();
    rows.sort_by(|one, other| {
        let size = |row: &ModelDifference| row.difference_nanousd.0.unsigned_abs();
        size(other)
            .cmp(&size(one))
            .then_with(|| one.model.cmp(&other.model))
    });
    rows
}

fn empty(model: &str) -> ModelDifference {
    ModelDifference {
        model: model.to_owned(),
        billed_as: Vec::new(),
        ours_nanousd: NanoUsd::ZERO,
        billed_nanousd: NanoUsd::ZERO,
        difference_nanousd: NanoUsd::ZERO,
        difference_basis_points: None,
        requests: 0,
        unsettled_nanousd: NanoUsd::ZERO,
    }
}

fn compared(mut row: ModelDifference) -> ModelDifference {
    row.difference_nanousd = row.ours_nanousd.saturating_sub(row.billed_nanousd);
    let billed = i128::from(row.billed_nanousd.0).abs();
    row.difference_basis_points = (billed > 0)
        .then(|| {
            let scaled = i128::from(row.difference_nanousd.0) * BASIS_POINTS;
            let half = if scaled < 0 { -billed / 2 } else { billed / 2 };
            i64::try_from((scaled + half) / billed).ok()
        })
        .flatten();
    row
}

fn total(models: &[ModelDifference]) -> ModelDifference {
    let sum = models.iter().fold(empty("all"), |mut sum, row| {
        sum.ours_nanousd = sum.ours_nanousd.saturating_add(row.ours_nanousd);
        sum.billed_nanousd = sum.billed_nanousd.saturating_add(row.billed_nanousd);
        sum.unsettled_nanousd = sum.unsettled_nanousd.saturating_add(row.unsettled_nanousd);
        sum.requests = sum.requests.saturating_add(row.requests);
        sum
    });
    compared(sum)
}

/// Our name of a model on the bill: the same, else the one that differs only in its date or in how it is written. Where
/// several would do, the undated one; without that nobody can say which it is.
fn our_name<'a>(billed: &str, ours: &'a [BoughtModel]) -> Option<&'a str> {
    if let Some(same) = ours.iter().find(|one| one.model == billed) {
        return Some(&same.model);
    }
    let plain = plain_name(billed);
    let alike: Vec<&str> = ours
        .iter()
        .map(|one| one.model.as_str())
        .filter(|name| plain_name(name) == plain)
        .collect();
    match alike.as_slice() {
        [only] => Some(only),
        several => several.iter().copied().find(|name| *name == plain),
    }
}

/// A model's name without its date, in small letters, with dashes: `Claude Sonnet 4.5` and `claude-sonnet-4-5-20250929`
/// are both `claude-sonnet-4-5`.
fn plain_name(name: &str) -> String {
    let dashed: String = name
        .trim()
        .chars()
        .map(|letter| match letter {
            ' ' | '.' | '_' => '-',
            letter => letter.to_ascii_lowercase(),
        })
        .collect();
    let parts: Vec<&str> = dashed.split('-').collect();
    let digits =
        |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let kept = match parts.as_slice() {
        [kept @ .., year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2) => kept,
        [kept @ .., date] if digits(date, 8) => kept,
        all => all,
    };
    kept.join("-")
}

fn notes(bill: &Bill, total: &ModelDifference, oldest_ms: Option<i64>, now_ms: i64) -> Vec<String> {
    let mut notes = Vec::new();
    if total.requests == 0 {
        notes.push(format!(
            "Weir has bought nothing from \"{}\" in this range; check the provider's name and the dates",
            bill.provider
        ));
    }
    if let Some(oldest_ms) = oldest_ms
        && oldest_ms > bill.range.from_ms
        && oldest_ms < bill.range.to_ms
    {
        let oldest = resets_text(oldest_ms, "UTC").unwrap_or_else(|_| oldest_ms.to_string());
        notes.push(format!(
            "Weir's records begin at {oldest}, inside this range, so our sums may lack what came before"
        ));
    }
    if bill.range.to_ms > now_ms {
        notes.push("This range is not over yet, so both sides may still grow".to_owned());
    }
    if total.unsettled_nanousd > NanoUsd::ZERO {
        notes.push(format!(
            "Of our sum, {} is charged by estimate; correct those requests to come nearer to the bill",
            total.unsettled_nanousd
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::{BilledModel, BoughtModel, NanoUsd, differences, our_name, plain_name, total};

    fn ours(model: &str, cost: i64) -> BoughtModel {
        BoughtModel {
            model: model.into(),
            requests: 3,
            cost_nanousd: NanoUsd(cost),
            unsettled_nanousd: NanoUsd(1),
        }
    }

    fn billed(model: &str, amount: i64) -> BilledModel {
        BilledModel {
            model: model.into(),
            amount_nanousd: NanoUsd(amount),
            lines: 1,
        }
    }

    #[test]
    fn names_meet_whatever_their_date_or_spelling() {
        assert_eq!(plain_name("Claude Sonnet 4.5"), "claude-sonnet-4-5");
        assert_eq!(plain_name("claude-sonnet-4-5-20250929"), "claude-sonnet-4-5");
        assert_eq!(plain_name("gpt-4o-2024-08-06"), "gpt-4o");
        assert_eq!(plain_name("20250929"), "");
        let known = [
            ours("gpt-4o", 1),
            ours("gpt-4o-2024-08-06", 1),
            ours("o3-2025-04-16", 1),
        ];
        assert_eq!(our_name("gpt-4o-2024-08-06", &known), Some("gpt-4o-2024-08-06"));
        assert_eq!(our_name("gpt-4o-2024-11-20", &known), Some("gpt-4o"));
        assert_eq!(our_name("o3", &known), Some("o3-2025-04-16"));
        assert_eq!(our_name("o4", &known), None);
    }

    #[test]
    fn differences_are_exact_and_the_largest_comes_first() {
        let rows = differences(
            &[ours("a", 1_005), ours("b", 50), ours("only-ours", 7)],
            &[
                billed("a-20250101", 600),
                billed("a-20250202", 400),
                billed("b", 100),
                billed("new", 20),
            ],
        );
        let row = |name: &str| rows.iter().find(|row| row.model == name).unwrap();
        assert_eq!(rows[0].model, "b");
        assert_eq!(row("a").billed_as, ["a-20250101", "a-20250202"]);
        assert_eq!(row("a").difference_nanousd, NanoUsd(5));
        assert_eq!(row("a").difference_basis_points, Some(50));
        assert_eq!(row("b").difference_basis_points, Some(-5_000));
        assert_eq!(row("new").difference_basis_points, Some(-10_000));
        assert_eq!((row("new").requests, row("a").requests), (0, 3));
        assert_eq!(row("only-ours").difference_basis_points, None);
        let all = total(&rows);
        assert_eq!(
            (all.ours_nanousd, all.billed_nanousd),
            (NanoUsd(1_062), NanoUsd(1_120))
        );
        assert_eq!((all.difference_nanousd, all.requests), (NanoUsd(-58), 9));
        assert_eq!(all.unsettled_nanousd, NanoUsd(3));
    }
}
