//! The shell's side of `call` and of live events, through `window.__TAURI_INTERNALS__`.
//!
//! Arguments and replies pass through JavaScript numbers, which hold integers exactly up to 2^53 and above that
//! only with 53 bits. Times and counts are far below. Nano-dollars are exact up to nine million dollars; whole cents,
//! being multiples of 2^7 nano-dollars, up to 1.15 billion. Any other amount is off by at most 512 nano-dollars.

use js_sys::{Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use weir_contract::{ApiError, ErrorCode};

fn internals() -> Option<JsValue> {
    let window = web_sys::window()?;
    let internals = Reflect::get(&window, &"__TAURI_INTERNALS__".into()).ok()?;
    internals.is_object().then_some(internals)
}

/// True inside Weir's window; false in a plain browser.
#[must_use]
pub fn is_present() -> bool {
    internals().is_some()
}

/// Runs a shell command with `{ "args": … }` and returns the reply as JSON.
///
/// # Errors
/// The rejection as the shell sent it, or `internal` when it is no [`ApiError`].
pub async fn invoke(command: &str, args_json: &str) -> Result<String, ApiError> {
    let parsed = JSON::parse(args_json).map_err(|error| fault(&error))?;
    let payload = Object::new();
    Reflect::set(&payload, &"args".into(), &parsed).map_err(|error| fault(&error))?;
    let reply = invoke_raw(command, &payload)
        .await
        .map_err(|error| rejection(&error))?;
    if reply.is_undefined() {
        return Ok("null".to_owned());
    }
    JSON::stringify(&reply)
        .map(String::from)
        .map_err(|error| fault(&error))
}

async fn invoke_raw(command: &str, payload: &Object) -> Result<JsValue, JsValue> {
    let internals = internals().ok_or_else(|| JsValue::from_str("the shell is gone"))?;
    let invoke: Function = Reflect::get(&internals, &"invoke".into())?.dyn_into()?;
    let promise: Promise = invoke.call2(&internals, &command.into(), payload)?.dyn_into()?;
    JsFuture::from(promise).await
}

fn rejection(error: &JsValue) -> ApiError {
    JSON::stringify(error)
        .ok()
        .and_then(|text| serde_json::from_str(&String::from(text)).ok())
        .unwrap_or_else(|| fault(error))
}

fn fault(error: &JsValue) -> ApiError {
    let message = error.as_string().unwrap_or_else(|| format!("{error:?}"));
    ApiError::new(
        ErrorCode::Internal,
        format!("The window could not reach its gateway: {message}"),
    )
}

/// Calls `changed` whenever the gateway says that something changed. Does nothing without the shell.
pub async fn listen_changed(changed: impl Fn() + 'static) {
    // The polling net keeps the page fresh when the subscription fails, so a failure is not an error.
    let _ = subscribe("weir://changed", changed).await;
}

async fn subscribe(event: &str, changed: impl Fn() + 'static) -> Result<(), JsValue> {
    let Some(internals) = internals() else {
        return Ok(());
    };
    let callback = Closure::<dyn Fn(JsValue)>::new(move |_payload| changed());
    let transform: Function = Reflect::get(&internals, &"transformCallback".into())?.dyn_into()?;
    let handler = transform.call1(&internals, callback.as_ref())?;
    // The subscription lives as long as the window, so its closure is never freed.
    callback.forget();
    let target = Object::new();
    Reflect::set(&target, &"kind".into(), &"Any".into())?;
    let payload = Object::new();
    Reflect::set(&payload, &"event".into(), &event.into())?;
    Reflect::set(&payload, &"target".into(), &target)?;
    Reflect::set(&payload, &"handler".into(), &handler)?;
    invoke_raw("plugin:event|listen", &payload).await.map(|_| ())
}
