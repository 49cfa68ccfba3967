//! The tables, in Markdown.

use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use crate::{http, lambda, modes};

/// Through the Runtime API. Ratios are to the bare echo, and for the start to the hello.
pub(crate) fn lambda(measured: &[lambda::Measured]) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header([
        "through the Runtime API",
        "init",
        "× hello",
        "first call",
        "warm p50",
        "× bare echo",
        "warm p99",
        "resident",
        "zip",
        "store reads",
        "log bytes",
    ]);
    let (hello, bare) = (measured[0].init.median(), measured[1].warm.median());
    for program in measured {
        let (init, warm) = (program.init.median(), program.warm.median());
        table.add_row([
            program.name.to_owned(),
            milliseconds(init),
            ratio(init, hello),
            milliseconds(program.first.median()),
            microseconds(warm),
            ratio(warm, bare),
            microseconds(program.warm.quantile(0.99)),
            megabytes(program.resident()),
            megabytes(program.zipped as f64),
            program
                .store_reads
                .map_or_else(String::new, |reads| format!("{reads:.2}")),
            format!("{:.0}", program.logged()),
        ]);
    }
    format!("{table}\n")
}

/// Streamed answers beside buffered ones.
pub(crate) fn modes(measured: &[modes::Measured]) -> String {
    let mut table = Table::new();
    let header = [
        "warm, in both modes",
        "buffered p50",
        "streamed p50",
        "× buffered",
        "buffered p99",
        "streamed p99",
    ];
    table.load_style(ASCII_MARKDOWN).set_header(header);
    for program in measured {
        table.add_row([
            program.name.to_owned(),
            microseconds(program.buffered.median()),
            microseconds(program.streamed.median()),
            format!("{:.2}", program.ratio()),
            microseconds(program.buffered.quantile(0.99)),
            microseconds(program.streamed.quantile(0.99)),
        ]);
    }
    format!("{table}\n")
}

/// Over HTTP. Ratios are to the bare echo.
pub(crate) fn http(measured: &[http::Measured]) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header([
        "over HTTP",
        "calls/s",
        "× bare echo",
        "p50",
        "p99",
        "resident",
    ]);
    let bare = measured[0].rate();
    for server in measured {
        table.add_row([
            server.name.to_owned(),
            format!("{:.0}", server.rate()),
            format!("{:.2}", server.rate() / bare),
            microseconds(server.latency.median()),
            microseconds(server.latency.quantile(0.99)),
            megabytes(server.resident),
        ]);
    }
    format!("{table}\n")
}

pub(crate) fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1_000.0)
}

pub(crate) fn microseconds(duration: Duration) -> String {
    format!("{:.0} µs", duration.as_secs_f64() * 1_000_000.0)
}

pub(crate) fn megabytes(bytes: f64) -> String {
    format!("{:.2} MB", bytes / 1_000_000.0)
}

pub(crate) fn ratio(one: Duration, other: Duration) -> String {
    format!("{:.2}", one.as_secs_f64() / other.as_secs_f64())
}
