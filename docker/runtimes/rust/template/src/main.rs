//! What Gantry calls: takes the request apart and lets `greeting` do the work. Whatever is printed is a log line.
use gantry::{log, object, Failure, Request, Value};
use greeting::greet;

fn main() {
    gantry::run(handle)
}

fn handle(request: &Request) -> Result<Value, Failure> {
    let name = request.context.get("params").get("name").text().unwrap_or("world");
    log("info", "greeting", object! { "name" => name });
    Ok(object! { "PLUGIN_NAME" => greet(name) })
}
