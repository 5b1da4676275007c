//! The page's commands on the semantic cache.

use crate::asking::Asking;
use weir_contract::{
    ApiError,
    command::semantic::{
        SemanticAllow, SemanticCurve, SemanticFeedback, SemanticGet, SemanticNever, SemanticPairs,
        SemanticSave,
    },
    model::semantic::{SemanticCurvePoint, SemanticNeverPair, SemanticPair, SemanticState},
};

/// `semantic.get`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn semantic_get(asking: Asking, args: SemanticGet) -> Result<SemanticState, ApiError> {
    asking.call(args).await
}

/// `semantic.save`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn semantic_save(asking: Asking, args: SemanticSave) -> Result<i64, ApiError> {
    asking.call(args).await
}

/// `semantic.curve`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn semantic_curve(
    asking: Asking,
    args: SemanticCurve,
) -> Result<Vec<SemanticCurvePoint>, ApiError> {
    asking.call(args).await
}

/// `semantic.pairs`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn semantic_pairs(asking: Asking, args: SemanticPairs) -> Result<Vec<SemanticPair>, ApiError> {
    asking.call(args).await
}

/// `semantic.feedback`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn semantic_feedback(asking: Asking, args: SemanticFeedback) -> Result<SemanticPair, ApiError> {
    asking.call(args).await
}

/// `semantic.never`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn semantic_never(asking: Asking, args: SemanticNever) -> Result<Vec<SemanticNeverPair>, ApiError> {
    asking.call(args).await
}

/// `semantic.allow`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn semantic_allow(asking: Asking, args: SemanticAllow) -> Result<bool, ApiError> {
    asking.call(args).await
}
