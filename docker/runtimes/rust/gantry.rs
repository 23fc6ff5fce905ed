//! Gantry's SDK for Rust: `run(handle)` makes a function a plugin. Only the standard library.
//!
//! `run` moves the real standard output aside first: from then on what `println!` or a child process writes is a log line
//! on stderr. The host's first line decides whether it speaks protocol `json` or `stream`.
//!
//!     fn main() { gantry::run(|request: &gantry::Request| Ok(gantry::object! { "hook" => request.context.get("hook") })) }
pub use json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, BufRead, Read, Write};
use std::os::fd::FromRawFd;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::process::exit;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{mpsc, Arc, Condvar, Mutex, MutexGuard, OnceLock};

/// What the host asks for, each an object. context: `run`, `hook`, `params`, `data`, `results`; invocation: `id`, `nonce`,
/// `attempt`, `idempotencyKey`, `deadline` (ISO 8601), `timeoutMs`, `traceparent`.
pub struct Request {
    pub context: Value,
    pub config: Value,
    pub secrets: Value,
    pub invocation: Value,
}

/// A failure the plugin reports on purpose, made by `fail`; any error becomes one of code `exception` by `?`.
pub struct Failure { pub code: String, pub message: String, pub retryable: bool }

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
static TURNS: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new()); // how many wait for answers of the host
static WAITING: Mutex<BTreeMap<String, mpsc::Sender<Value>>> = Mutex::new(BTreeMap::new()); // those, by our id
static ASKED: AtomicUsize = AtomicUsize::new(1);
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

/// What the plugin remembers from run to run: JSON values by key. Needs `services: [state]` and protocol `stream`. A refusal
/// is a Failure whose `code` says why: CONFLICT, FULL, INVALID_PARAMS, UNAVAILABLE, NOT_DECLARED.
pub mod state {
    use super::{ask, expecting, Answer, Failure, Value};

    /// The value; null when there is none.
    pub fn get(key: &str) -> Answer { Ok(read(key)?.map_or(Value::Null, |(value, _)| value)) }

    /// The value and its version.
    pub fn read(key: &str) -> Result<Option<(Value, String)>, Failure> {
        let found = ask("state.get", object! { "key" => key })?;
        Ok(found.get("version").text().map(|version| (found.get("value").clone(), version.into())))
    }

    /// Stores the value; gives its version.
    pub fn set(key: &str, value: impl Into<Value>) -> Result<String, Failure> {
        stored(object! { "key" => key, "value" => value.into() })
    }

    /// Stores the value only over that version, or only where nothing is (`None`); else CONFLICT.
    pub fn set_if(key: &str, value: impl Into<Value>, version: Option<&str>) -> Result<String, Failure> {
        stored(expecting(object! { "key" => key, "value" => value.into() }, version))
    }

    fn stored(params: Value) -> Result<String, Failure> {
        Ok(ask("state.set", params)?.get("version").text().unwrap_or("").into())
    }

    /// Stores what `change` makes of the value, again and again until nobody else came between. Gives it.
    pub fn update(key: &str, mut change: impl FnMut(Option<Value>) -> Answer) -> Answer {
        loop {
            let (old, version) = read(key)?.unzip();
            let value = change(old)?;
            match set_if(key, &value, version.as_deref()) {
                Err(refused) if refused.code == "CONFLICT" => {}
                outcome => return outcome.map(|_| value),
            }
        }
    }

    /// True when there was one.
    pub fn delete(key: &str) -> Result<bool, Failure> { deleted(object! { "key" => key }) }

    /// As `set_if`.
    pub fn delete_if(key: &str, version: Option<&str>) -> Result<bool, Failure> {
        deleted(expecting(object! { "key" => key }, version))
    }

    fn deleted(params: Value) -> Result<bool, Failure> {
        Ok(ask("state.delete", params)?.get("deleted") == &Value::Bool(true))
    }

    /// One page: { "keys": [{ "key", "version", "bytes" }], "next": what `after` is for the next page, or null }.
    pub fn list(prefix: &str, after: &str, limit: u32) -> Answer {
        ask("state.list", object! { "prefix" => prefix, "after" => after, "limit" => limit })
    }
}

/// Named bytes of the run, which stay with it. Needs `services: [artifact]` and protocol `stream`. Refusals as those of `state`.
pub mod artifact {
    use super::{ask, base64, fail, Answer, Failure, Value};
    use std::io::{BufRead, BufReader, Read};
    const PIECE: usize = 192 * 1024;

    /// Stores what is read (for a text: `text.as_bytes()`), over an artifact of that name. Gives { "id", "sizeBytes", "sha256" }.
    pub fn put(name: &str, content: impl Read, content_type: &str) -> Answer {
        let mut input = BufReader::new(content);
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            input.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
            let last = input.fill_buf()?.is_empty();
            let chunk = base64::encode(&piece);
            let part = object! { "name" => name, "contentType" => content_type, "chunk" => chunk, "last" => last };
            let answer = ask("artifact.put", part)?;
            if last { return Ok(answer) }
        }
    }

    /// Calls `each` with the bytes of the run's artifact, piece by piece.
    pub fn pieces(name: &str, mut each: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
        let mut offset = 0;
        loop {
            let answer = ask("artifact.get", object! { "name" => name, "offset" => offset })?;
            let piece = answer.get("chunk").text().and_then(base64::decode);
            let piece = piece.ok_or_else(|| fail("rpc_error", "artifact.get: a chunk that is not base64", false))?;
            each(&piece)?;
            offset += piece.len();
            if answer.get("last") == &Value::Bool(true) { return Ok(()) }
        }
    }

    /// All of its bytes. NOT_FOUND when the run has none of that name.
    pub fn get(name: &str) -> Result<Vec<u8>, Failure> {
        let mut content = Vec::new();
        pieces(name, |piece| { content.extend_from_slice(piece); Ok(()) })?;
        Ok(content)
    }
}

fn expecting(mut params: Value, version: Option<&str>) -> Value {
    if let Value::Object(members) = &mut params {
        members.insert("ifVersion".into(), version.map_or(Value::Null, Value::from));
    }
    params
}

/// Asks the host and waits for its answer, with at most 16 others.
fn ask(method: &str, mut params: Value) -> Answer {
    if !IS_STREAM.load(SeqCst) {
        return Err(fail("NOT_SUPPORTED", format!("{method} needs `protocol: stream`"), false));
    }
    let (busy, freed) = &TURNS;
    *freed.wait_while(held(busy), |busy| *busy >= 16).unwrap_or_else(|broken| broken.into_inner()) += 1;
    let answer = ask_in_turn(method, &mut params);
    *held(busy) -= 1;
    freed.notify_one();
    let answer = answer?;
    let error = answer.get("error");
    if error.object().is_none() { return Ok(answer.get("result").clone()) }
    let code = error.get("data").get("code").text().unwrap_or("rpc_error");
    let message = format!("{method}: {}", error.get("message").text().unwrap_or(""));
    Err(fail(code, message, code == "UNAVAILABLE" || code == "BUSY"))
}

fn ask_in_turn(method: &str, params: &mut Value) -> Answer {
    let only = || Some(held(runs())).filter(|runs| runs.len() == 1).and_then(|runs| runs.values().next().cloned());
    let (Some(run), Value::Object(members)) = (CURRENT.with_borrow(Clone::clone).or_else(only), &mut *params) else {
        return Err(fail("NO_RUN", format!("{method}: only while a run is at work"), false)); // nobody would read the answer
    };
    members.insert("id".into(), run.id.clone());
    let id = format!("p{}", ASKED.fetch_add(1, SeqCst));
    let request = object! { "jsonrpc" => "2.0", "id" => &*id, "method" => method, "params" => &*params };
    let line = request.to_json().map_err(|why| fail("INVALID_PARAMS", format!("{method}: {why}"), false))?;
    let (answered, answer) = mpsc::channel();
    held(&WAITING).insert(id, answered);
    write_line(line);
    answer.recv().map_err(|_| fail("UNAVAILABLE", format!("{method}: the host is gone"), true))
}

mod base64 {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    pub fn encode(bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for three in bytes.chunks(3) {
            let whole = three.iter().enumerate().fold(0, |sum, (at, byte)| sum | u32::from(*byte) << (16 - 8 * at));
            for at in 0..4 {
                let digit = DIGITS[(whole >> (18 - 6 * at)) as usize & 63] as char;
                text.push(if at <= three.len() { digit } else { '=' });
            }
        }
        text
    }

    pub fn decode(text: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
        for four in text.trim_end_matches('=').as_bytes().chunks(4) {
            let mut whole = 0u32;
            for at in 0..4 {
                let digit = four.get(at).map_or(Some(0), |byte| DIGITS.iter().position(|digit| digit == byte))?;
                whole = whole << 6 | digit as u32;
            }
            bytes.extend_from_slice(&whole.to_be_bytes()[1..four.len().max(2)]);
        }
        Some(bytes)
    }
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
        None if *id != Value::Null => {
            if let Some(answered) = id.text().and_then(|key| held(&WAITING).remove(key)) { _ = answered.send(message) }
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

/// JSON without a crate: a value, a reader that refuses what RFC 8259 does, and a writer that refuses what it cannot say.
mod json {
    use std::collections::BTreeMap;
    use std::fmt::Write;

    /// A JSON value. Numbers are what JSON's are everywhere: exact up to 2^53.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Value {
        Null,
        Bool(bool),
        Number(f64),
        Text(String),
        List(Vec<Value>),
        Object(BTreeMap<String, Value>),
    }

    static NULL: Value = Value::Null;
    const DEPTH_MAX: usize = 128;

    impl Value {
        /// The member of an object; null when there is none.
        pub fn get(&self, name: &str) -> &Value {
            self.object().and_then(|members| members.get(name)).unwrap_or(&NULL)
        }
        pub fn text(&self) -> Option<&str> {
            if let Value::Text(text) = self { Some(text) } else { None }
        }
        pub fn number(&self) -> Option<f64> {
            if let Value::Number(number) = self { Some(*number) } else { None }
        }
        pub fn list(&self) -> Option<&[Value]> {
            if let Value::List(items) = self { Some(items) } else { None }
        }
        pub fn object(&self) -> Option<&BTreeMap<String, Value>> {
            if let Value::Object(members) = self { Some(members) } else { None }
        }

        /// Reads one document; the message says what is wrong where.
        pub fn parse(text: &str) -> Result<Value, String> {
            let mut reader = Reader { text, at: 0, depth: 0 };
            let value = reader.value()?;
            if reader.peek().is_some() { Err(format!("something follows the document at byte {}", reader.at)) } else { Ok(value) }
        }

        /// Writes the value on one line.
        pub fn to_json(&self) -> Result<String, String> {
            let mut out = String::new();
            self.write(&mut out)?;
            Ok(out)
        }

        fn write(&self, out: &mut String) -> Result<(), String> {
            match self {
                Value::Null => out.push_str("null"),
                Value::Bool(is_true) => out.push_str(if *is_true { "true" } else { "false" }),
                Value::Number(number) if !number.is_finite() => return Err(format!("{number} is not a finite number")),
                Value::Number(number) if number.abs() < 1e17 => _ = write!(out, "{number}"),
                Value::Number(number) => _ = write!(out, "{number:e}"),
                Value::Text(text) => quote(text, out),
                Value::List(items) => {
                    out.push('[');
                    for (index, item) in items.iter().enumerate() {
                        if index > 0 { out.push(',') }
                        item.write(out)?;
                    }
                    out.push(']');
                }
                Value::Object(members) => {
                    out.push('{');
                    for (index, (name, member)) in members.iter().enumerate() {
                        if index > 0 { out.push(',') }
                        quote(name, out);
                        out.push(':');
                        member.write(out)?;
                    }
                    out.push('}');
                }
            }
            Ok(())
        }
    }

    fn quote(text: &str, out: &mut String) {
        out.push('"');
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\') {
            out.push_str(&rest[..at]);
            let byte = rest.as_bytes()[at];
            _ = if byte < b' ' { write!(out, "\\u{byte:04x}") } else { write!(out, "\\{}", byte as char) };
            rest = &rest[at + 1..];
        }
        out.push_str(rest);
        out.push('"');
    }

    struct Reader<'a> {
        text: &'a str,
        at: usize,
        depth: usize,
    }

    impl Reader<'_> {
        fn peek(&mut self) -> Option<u8> {
            let bytes = self.text.as_bytes();
            while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) { self.at += 1 }
            bytes.get(self.at).copied()
        }

        fn wrong<T>(&self) -> Result<T, String> {
            let seen: String = self.text.get(self.at..).unwrap_or("").chars().take(20).collect();
            Err(if seen.is_empty() { "it ends too early".into() } else { format!("{seen:?} at byte {}", self.at) })
        }

        fn take(&mut self, byte: u8) -> bool {
            let is_there = self.peek() == Some(byte);
            self.at += usize::from(is_there);
            is_there
        }

        fn word(&mut self, word: &str, value: Value) -> Result<Value, String> {
            if !self.text[self.at..].starts_with(word) { return self.wrong() }
            self.at += word.len();
            Ok(value)
        }

        fn value(&mut self) -> Result<Value, String> {
            self.depth += 1;
            if self.depth > DEPTH_MAX { return Err(format!("it is nested deeper than {DEPTH_MAX}")) }
            let value = match self.peek() {
                Some(b'n') => self.word("null", Value::Null),
                Some(b't') => self.word("true", Value::Bool(true)),
                Some(b'f') => self.word("false", Value::Bool(false)),
                Some(b'"') => self.string().map(Value::Text),
                Some(b'-' | b'0'..=b'9') => self.digits(),
                Some(b'[') => self.list(),
                Some(b'{') => self.members(),
                _ => self.wrong(),
            };
            self.depth -= 1;
            value
        }

        fn list(&mut self) -> Result<Value, String> {
            let mut items = Vec::new();
            self.at += 1;
            if self.take(b']') { return Ok(Value::List(items)) }
            loop {
                items.push(self.value()?);
                if self.take(b']') { return Ok(Value::List(items)) }
                if !self.take(b',') { return self.wrong() }
            }
        }

        fn members(&mut self) -> Result<Value, String> {
            let mut members = BTreeMap::new();
            self.at += 1;
            if self.take(b'}') { return Ok(Value::Object(members)) }
            loop {
                if self.peek() != Some(b'"') { return self.wrong() }
                let name = self.string()?;
                if !self.take(b':') { return self.wrong() }
                members.insert(name, self.value()?);
                if self.take(b'}') { return Ok(Value::Object(members)) }
                if !self.take(b',') { return self.wrong() }
            }
        }

        fn digits(&mut self) -> Result<Value, String> {
            let rest = &self.text[self.at..];
            let length = rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
            let digits = &rest[..length];
            let whole = digits.trim_start_matches('-').as_bytes();
            let has_zero = whole.len() > 1 && whole[0] == b'0' && whole[1].is_ascii_digit();
            match digits.parse::<f64>() {
                Ok(number) if number.is_finite() && !has_zero && !digits.ends_with('.') && !digits.contains(".e") => {
                    self.at += length;
                    Ok(Value::Number(number))
                }
                _ => self.wrong(),
            }
        }

        fn string(&mut self) -> Result<String, String> {
            let mut out = String::new();
            self.at += 1;
            loop {
                let rest = &self.text[self.at..];
                let Some(length) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\') else { return self.wrong() };
                out.push_str(&rest[..length]);
                self.at += length;
                match rest.as_bytes()[length] {
                    b'"' => { self.at += 1; return Ok(out) }
                    b'\\' => out.push(self.escape()?),
                    _ => return self.wrong(),
                }
            }
        }

        fn escape(&mut self) -> Result<char, String> {
            let kind = self.text.as_bytes().get(self.at + 1).copied().unwrap_or(0);
            let plain = [b'"', b'\\', b'/', b'b', b'f', b'n', b'r', b't'].iter().position(|one| *one == kind);
            if let Some(place) = plain {
                self.at += 2;
                return Ok(['"', '\\', '/', '\u{8}', '\u{c}', '\n', '\r', '\t'][place]);
            }
            let Some(first) = self.unit() else { return self.wrong() };
            self.at += 6;
            let second = if (0xd800..0xdc00).contains(&first) { self.unit() } else { None };
            let Some(low) = second.filter(|low| (0xdc00..0xe000).contains(low)) else {
                return Ok(char::from_u32(first).unwrap_or('\u{fffd}')); // half of a pair is no character
            };
            self.at += 6;
            Ok(char::from_u32(0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00)).unwrap_or('\u{fffd}'))
        }

        /// The number of `\uXXXX` here.
        fn unit(&self) -> Option<u32> {
            let digits = self.text.get(self.at..)?.strip_prefix("\\u")?.get(..4)?;
            if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
        }
    }

    macro_rules! from {
        ($($given:ty => |$value:ident| $made:expr),*) => { $(impl From<$given> for Value { fn from($value: $given) -> Value { $made } })* };
    }
    from! { bool => |v| Value::Bool(v), f64 => |v| Value::Number(v), i32 => |v| Value::Number(v.into()),
        u32 => |v| Value::Number(v.into()), i64 => |v| Value::Number(v as f64), u64 => |v| Value::Number(v as f64),
        usize => |v| Value::Number(v as f64), &str => |v| Value::Text(v.into()), String => |v| Value::Text(v),
        BTreeMap<String, Value> => |v| Value::Object(v), &Value => |v| v.clone() }

    impl<T: Into<Value>> From<Vec<T>> for Value {
        fn from(items: Vec<T>) -> Value { Value::List(items.into_iter().map(Into::into).collect()) }
    }
}
