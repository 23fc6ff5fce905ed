//! Gantry's SDK for Rust: `run(handle)` makes a function a plugin. Only the standard library.
//!
//! `run` moves the real standard output aside first: from then on what `println!` or a child process writes is a log line
//! on stderr. The host's first line decides whether it speaks protocol `json` or `stream`.
//!
//!     fn main() { gantry::run(|request: &gantry::Request| Ok(gantry::object! { "hook" => request.context.get("hook") })) }
mod json;
pub use json::Value;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, Read, Write};
use std::os::fd::FromRawFd;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

/// What the host asks for, each an object. context: `run`, `hook`, `params`, `data`, `results`; invocation: `id`, `nonce`,
/// `attempt`, `idempotencyKey`, `deadline` (ISO 8601), `timeoutMs`, `traceparent`.
pub struct Request {
    pub context: Value,
    pub config: Value,
    pub secrets: Value,
    pub invocation: Value,
}

/// A failure the plugin reports on purpose, made by `fail`; any error becomes one of code `exception` by `?`.
pub struct Failure { code: String, message: String, retryable: bool }

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure { fail("exception", error.to_string(), false) }
}

/// Ends the invocation as failed: `Err(fail(…))`. code: a short stable word; retryable: whether another attempt can help.
pub fn fail(code: &str, message: impl Into<String>, retryable: bool) -> Failure {
    Failure { code: code.into(), message: message.into(), retryable }
}

/// The result of a plugin that had nothing to do.
pub fn skipped(reason: &str) -> Value { object! { "status" => "skipped", "reason" => reason } }

/// An object: `object! { "n" => 3, "rows" => vec![1, 2] }`.
#[macro_export]
macro_rules! object {
    ($($name:expr => $value:expr),* $(,)?) => {
        $crate::Value::Object([$((String::from($name), $crate::Value::from($value))),*].into_iter().collect())
    };
}

/// An object (the data of a success), a full result with `status`, or `Value::Null` (a success without data).
pub type Answer = Result<Value, Failure>;

/// All a plugin can have; `Plugin::new(handle)` has `run` alone. The others are called under protocol `stream` only.
pub struct Plugin {
    pub run: Box<dyn Fn(&Request) -> Answer + Send + Sync>,
    pub on_load: Option<Box<dyn Fn(&Value) -> Answer + Send + Sync>>,
    pub on_shutdown: Option<Box<dyn Fn() -> Answer + Send + Sync>>,
    pub metadata: Option<Box<dyn Fn() -> Answer + Send + Sync>>,
    pub config_ui: Option<Box<dyn Fn() -> Answer + Send + Sync>>,
}

impl Plugin {
    pub fn new(run: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Plugin {
        Plugin { run: Box::new(run), on_load: None, on_shutdown: None, metadata: None, config_ui: None }
    }
}

struct Flight { id: Value, nonce: Value, is_cancelled: AtomicBool }

static OUT: OnceLock<Mutex<File>> = OnceLock::new();
static TMP: Mutex<Option<String>> = Mutex::new(None);
static RUNS: OnceLock<Mutex<HashMap<String, Arc<Flight>>>> = OnceLock::new();
static IS_STREAM: AtomicBool = AtomicBool::new(false);
static CANCEL_ASKED: AtomicBool = AtomicBool::new(false);
static CANCEL_ARMED: AtomicBool = AtomicBool::new(false);
thread_local! { static CURRENT: RefCell<Option<Arc<Flight>>> = const { RefCell::new(None) } }

extern "C" {
    fn dup(fd: i32) -> i32;
    fn dup2(from: i32, to: i32) -> i32;
    fn fcntl(fd: i32, command: i32, argument: i32) -> i32;
    fn signal(number: i32, action: extern "C" fn(i32)) -> usize;
    fn atexit(action: extern "C" fn()) -> i32;
    fn _exit(code: i32) -> !;
}
extern "C" fn on_sigterm(_number: i32) { CANCEL_ASKED.store(true, SeqCst) }

/// Writes one log entry. level: debug, info, warn or error; fields: an object.
pub fn log(level: &str, message: &str, fields: Value) {
    let level = if ["debug", "warn", "error"].contains(&level) { level } else { "info" };
    let fields = if fields.object().is_some() { fields } else { object! {} };
    tell("log", object! { "level" => level, "message" => message, "fields" => fields });
}

/// Says how far the work is: `done` of `total`, numbers of any unit.
pub fn progress(done: f64, total: f64, message: &str) {
    tell("progress", object! { "done" => done, "total" => total, "message" => message });
}

/// Reports a number about the work: `name` and the names of at most 8 labels are [a-z][a-z0-9_]*.
pub fn metric(name: &str, value: f64, labels: &[(&str, &str)]) {
    let labels = Value::Object(labels.iter().map(|(label, of)| (label.to_string(), Value::from(*of))).collect());
    tell("metric", object! { "name" => name, "value" => value, "labels" => labels });
}

fn tell(method: &str, mut params: Value) {
    if !IS_STREAM.load(SeqCst) {
        if let ("log", Ok(line)) = (method, params.to_json()) { eprintln!("{line}") }
        return;
    }
    if let (Some(run), Value::Object(members)) = (CURRENT.with_borrow(Clone::clone), &mut params) {
        members.insert("id".into(), run.id.clone());
    }
    send(object! { "jsonrpc" => "2.0", "method" => method, "params" => params });
}

/// True once the host has asked the plugin to stop; it then has the grace period to return what it has. Under `json`, a
/// plugin that never asks is ended at once by SIGTERM: make the first call before the long work.
pub fn cancelled() -> bool {
    if let Some(run) = CURRENT.with_borrow(Clone::clone).filter(|_| IS_STREAM.load(SeqCst)) {
        return run.is_cancelled.load(SeqCst);
    }
    if !IS_STREAM.load(SeqCst) && !CANCEL_ARMED.swap(true, SeqCst) {
        unsafe { signal(15, on_sigterm) };
    }
    CANCEL_ASKED.load(SeqCst)
}

/// Serves the host with a handler, or with a `Plugin`, then ends the process. An error or a panic becomes an error result.
/// Under `stream`, several invocations may be at work at once, each on its thread.
pub fn run(given: impl Into<Plugin>) -> ! {
    let real = unsafe { dup(1) };
    _ = OUT.set(Mutex::new(unsafe { fcntl(real, 2, 1); dup2(2, 1); File::from_raw_fd(real) })); // 2, 1: close on exec
    unsafe { atexit(leave_early) };
    let plugin = Arc::new(given.into());
    let mut input = io::stdin().lock();
    let mut received = Vec::new();
    _ = input.read_until(b'\n', &mut received);
    if parse(&received).is_ok_and(|first| first.object().is_some_and(|members| members.contains_key("jsonrpc"))) {
        IS_STREAM.store(true, SeqCst);
        serve_stream(&plugin, input, received);
    }
    _ = input.read_to_end(&mut received);
    if received.trim_ascii().is_empty() { exit(0) } // the host closed an idle sandbox: nothing was asked
    let flight = begin(Value::Null, Value::Null);
    let asked = parse(&received).and_then(|document| {
        if document.object().is_none() { return Err(fail("invalid_request", "the request is not a JSON object", false)) }
        check_version(&document)?;
        let method = document.get("method");
        if method.text() == Some("run") { return Ok(document) }
        Err(fail("unsupported_method", format!("this SDK answers `run`, not {}", shown(method)), false))
    });
    let text = serve(&plugin, asked);
    end(&flight, text.clone());
    exit(i32::from(text.contains(r#""status":"error""#) && Value::parse(&text).is_ok_and(|v| v.get("status").text() == Some("error"))))
}

impl<F: Fn(&Request) -> Answer + Send + Sync + 'static> From<F> for Plugin {
    fn from(run: F) -> Plugin { Plugin::new(run) }
}

fn serve_stream(plugin: &Arc<Plugin>, mut input: impl BufRead, mut line: Vec<u8>) -> ! {
    if std::process::id() == 1 { *held(&TMP) = Some("/tmp".into()) } // outside of a sandbox it is not ours to empty
    while !line.is_empty() {
        take(plugin, &line);
        line.clear();
        _ = input.read_until(b'\n', &mut line);
    }
    held(runs()).clear();
    exit(0)
}

fn take(plugin: &Arc<Plugin>, line: &[u8]) {
    let message = match parse(line) {
        Ok(message) => message,
        Err(failure) => return send(object! { "jsonrpc" => "2.0", "id" => Value::Null,
            "error" => object! { "code" => -32700, "message" => failure.message } }),
    };
    let (id, params) = (message.get("id"), message.get("params"));
    match message.get("method").text() {
        Some("run") => {
            let (plugin, params) = (plugin.clone(), params.clone());
            let flight = begin(id.clone(), params.get("invocation").get("nonce").clone());
            let unserved = flight.clone();
            let started = std::thread::Builder::new().spawn(move || {
                CURRENT.set(Some(flight.clone()));
                let text = serve(&plugin, Ok(params));
                end(&flight, frame(&flight, &text));
            });
            if let Err(error) = started {
                end(&unserved, frame(&unserved, &error_text("exception", &format!("no thread: {error}"), false)));
            }
        }
        Some("cancel") => {
            if let Some(flight) = held(runs()).get(&shown(params.get("id"))) { flight.is_cancelled.store(true, SeqCst) }
        }
        Some(method) if *id != Value::Null => {
            let answer = caught(|| lifecycle(plugin, method, params));
            let (kind, body) = match answer {
                Ok(result) => ("result", result),
                Err(of) => ("error", object! { "code" => if of.code == "unknown_method" { -32601 } else { -32000 },
                    "message" => of.message, "data" => object! { "code" => of.code } }),
            };
            send(object! { "jsonrpc" => "2.0", "id" => id, kind => body });
            if method == "on_shutdown" { held(runs()).clear(); exit(0) }
        }
        _ => {}
    }
}

fn lifecycle(plugin: &Plugin, method: &str, params: &Value) -> Answer {
    let given = match method {
        "initialize" => {
            check_version(params)?;
            if let Some(tmp) = params.get("tmp").text() { *held(&TMP) = Some(tmp.into()) }
            let capabilities = object! { "cancel" => true, "concurrency" => true, "reuse" => vec!["warm"],
                "onLoad" => plugin.on_load.is_some(), "onShutdown" => plugin.on_shutdown.is_some(),
                "metadata" => plugin.metadata.is_some(), "configUi" => plugin.config_ui.is_some() };
            return Ok(object! { "protocol" => "1.0", "ready" => true, "capabilities" => capabilities });
        }
        "on_load" => plugin.on_load.as_ref().map(|on_load| on_load(params.get("config"))).transpose()?.and(None),
        "on_shutdown" => plugin.on_shutdown.as_ref().map(|stop| stop()).transpose()?.and(None),
        "get_metadata" => plugin.metadata.as_ref().map(|give| give()).transpose()?,
        "get_config_ui" => plugin.config_ui.as_ref().map(|give| give()).transpose()?,
        _ => return Err(fail("unknown_method", format!("unknown method {method}"), false)),
    };
    Ok(given.unwrap_or_else(|| object! {}))
}

/// The result document of one invocation.
fn serve(plugin: &Plugin, asked: Answer) -> String {
    let answer = asked.and_then(|document| {
        if document.get("context").object().is_none() {
            return Err(fail("invalid_request", "the request has no context object", false));
        }
        let member = |name| match document.get(name) { Value::Object(of) => Value::Object(of.clone()), _ => object! {} };
        let [context, config, secrets, invocation] = ["context", "config", "secrets", "invocation"].map(member);
        shape(caught(|| (plugin.run)(&Request { context, config, secrets, invocation }))?)
    });
    answer.unwrap_or_else(|Failure { code, message, retryable }| {
        if code == "exception" { eprintln!("{message}") }
        error_text(&code, &message, retryable)
    })
}

fn error_text(code: &str, message: &str, retryable: bool) -> String {
    let error = object! { "code" => code, "message" => message, "retryable" => retryable };
    object! { "status" => "error", "error" => error }.to_json().unwrap_or_default()
}

fn caught(work: impl FnOnce() -> Answer) -> Answer {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panicked| {
        let text = panicked.downcast_ref::<String>().map(String::as_str).or(panicked.downcast_ref::<&str>().copied());
        Err(fail("exception", format!("panic: {}", text.unwrap_or("of no text")), false))
    })
}

fn shape(value: Value) -> Result<String, Failure> {
    let invalid = |why: String| fail("invalid_result", why, false);
    let result = match &value {
        Value::Null => object! { "status" => "success", "data" => object! {} },
        Value::Object(members) => match members.get("status") {
            None => object! { "status" => "success", "data" => value },
            Some(status) if ["success", "skipped", "error"].contains(&status.text().unwrap_or("")) => value,
            Some(status) => {
                return Err(invalid(format!("status is {}: it must be success, skipped or error", shown(status))))
            }
        },
        other => return Err(invalid(format!("the plugin returned {}: return an object or null", shown(other)))),
    };
    result.to_json().map_err(|why| invalid(format!("the result cannot be sent: {why}")))
}

fn parse(received: &[u8]) -> Answer {
    let read = std::str::from_utf8(received).map_err(|error| error.to_string()).and_then(Value::parse);
    read.map_err(|why| fail("invalid_request", format!("the request is not a JSON document: {why}"), false))
}

fn check_version(document: &Value) -> Result<(), Failure> {
    let version = document.get("protocol");
    if version.text().is_some_and(|text| text.split('.').next() == Some("1")) { return Ok(()) }
    let message = format!("this SDK speaks protocol 1.x, the host {}", shown(version));
    Err(fail("unsupported_protocol", message, false))
}

fn shown(value: &Value) -> String {
    value.to_json().unwrap_or_default()
}

fn runs() -> &'static Mutex<HashMap<String, Arc<Flight>>> {
    RUNS.get_or_init(Mutex::default)
}

/// A lock that a panic elsewhere does not take away.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(|broken| broken.into_inner())
}

fn begin(id: Value, nonce: Value) -> Arc<Flight> {
    let flight = Arc::new(Flight { id, nonce, is_cancelled: AtomicBool::new(false) });
    held(runs()).insert(shown(&flight.id), flight.clone());
    flight
}

/// Empties /tmp once nothing runs any more, then answers: an answer says that the sandbox is clean.
fn end(flight: &Flight, line: String) {
    let mut unanswered = held(runs());
    if unanswered.remove(&shown(&flight.id)).is_none() { return }
    if let Some(tmp) = held(&TMP).as_ref().filter(|_| unanswered.is_empty()) {
        for entry in fs::read_dir(Path::new(tmp)).into_iter().flatten().flatten() {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            _ = if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
        }
    }
    write_line(line);
}

fn frame(Flight { id, nonce, .. }: &Flight, text: &str) -> String {
    let (id, nonce, most) = (shown(id), shown(nonce), &text[..text.len() - 1]);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{most},"nonce":{nonce}}}}}"#)
}

fn send(message: Value) {
    if let Ok(line) = message.to_json() { write_line(line) }
}

fn write_line(mut line: String) {
    line.push('\n');
    if let Some(out) = OUT.get() { _ = held(out).write_all(line.as_bytes()) }
}

/// `exit` inside of a handler comes by here.
extern "C" fn leave_early() {
    let flights: Vec<_> = held(runs()).values().cloned().collect();
    let text = error_text("early_exit", "the plugin ended before its handler returned a result", false);
    for flight in &flights {
        let line = if IS_STREAM.load(SeqCst) { frame(flight, &text) } else { text.clone() };
        end(flight, line);
    }
    if !flights.is_empty() { unsafe { _exit(1) } }
}
