//! The ledger of the fake: typed totals held against made-up sums.

use super::{shelf::Shelf, stories};
use weir_contract::{
    ApiError, NanoUsd,
    command::ledger::{CorrectedRequest, LedgerCorrect, LedgerReconcile},
    model::{
        ledger::{Bill, BillComparison, BillFormat, LedgerCheck, ModelDifference},
        request::CostBasis,
    },
};

pub(super) fn check(shelf: &Shelf) -> LedgerCheck {
    LedgerCheck {
        at_ms: shelf.now_ms,
        mismatches: Vec::new(),
    }
}

pub(super) fn correct(shelf: &Shelf, correct: &LedgerCorrect) -> Result<CorrectedRequest, ApiError> {
    let mut row = stories::detail(shelf, &correct.request_id)?.row;
    row.cost_nanousd = correct.true_nanousd;
    row.cost_basis = CostBasis::Settled;
    Ok(CorrectedRequest {
        row,
        moved: Vec::new(),
    })
}

pub(super) fn reconcile(shelf: &mut Shelf, asked: &LedgerReconcile) -> Result<BillComparison, ApiError> {
    let mut models = Vec::new();
    for (number, line) in asked
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let wrong = |problem: String| {
            ApiError::invalid(format!("nothing was imported: line {}: {problem}", number + 1))
        };
        let (model, amount) = line
            .split_once(',')
            .ok_or_else(|| wrong("write a model, a comma and an amount, such as: gpt-5,12.50".to_owned()))?;
        let billed = NanoUsd::parse_decimal(amount).map_err(wrong)?;
        // Made up: always two percent below the bill.
        let ours = NanoUsd(billed.0 - billed.0 / 50);
        models.push(difference(model.trim(), ours, billed));
    }
    if models.is_empty() {
        return Err(ApiError::invalid(
            "nothing was imported: the text is empty; write lines such as: gpt-5,12.50",
        ));
    }
    let sum = |of: fn(&ModelDifference) -> NanoUsd| models.iter().map(of).sum::<NanoUsd>();
    let total = difference("all", sum(|one| one.ours_nanousd), sum(|one| one.billed_nanousd));
    let made = BillComparison {
        bill: Bill {
            id: format!("bill{}", shelf.bills.len() + 1),
            provider: asked.provider.clone(),
            format: BillFormat::Totals,
            range: asked.range,
            total_nanousd: total.billed_nanousd,
            who: "window".to_owned(),
            imported_ms: shelf.now_ms,
        },
        models,
        total,
        notes: vec!["Made-up sums: no gateway is attached".to_owned()],
    };
    shelf.bills.insert(0, made.clone());
    Ok(made)
}

fn difference(model: &str, ours: NanoUsd, billed: NanoUsd) -> ModelDifference {
    ModelDifference {
        model: model.to_owned(),
        billed_as: vec![model.to_owned()],
        ours_nanousd: ours,
        billed_nanousd: billed,
        difference_nanousd: ours.saturating_sub(billed),
        difference_basis_points: (billed > NanoUsd::ZERO).then_some(-200),
        requests: 128,
        unsettled_nanousd: NanoUsd::ZERO,
    }
}

pub(super) fn bills(shelf: &Shelf) -> Vec<Bill> {
    shelf.bills.iter().map(|made| made.bill.clone()).collect()
}

pub(super) fn bill(shelf: &Shelf, id: &str) -> Result<BillComparison, ApiError> {
    let found = shelf.bills.iter().find(|made| made.bill.id == id);
    found
        .cloned()
        .ok_or_else(|| ApiError::not_found(format!("There is no imported bill \"{id}\".")))
}
