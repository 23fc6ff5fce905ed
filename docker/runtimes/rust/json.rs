//! JSON without a crate: a value, a reader that refuses what RFC 8259 does, and a writer that refuses what it cannot say.
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
