//! The surface, from outside: one file for each part of the URL space and each entry point.

mod admin;
mod admin_tools;
mod auth;
mod aws;
mod cli;
mod events;
mod hostile;
mod lambda;
mod logs;
mod machine;
mod mcp;
mod operator;
mod protocol;
mod register;
mod routes;
mod schemas;
mod serve;
mod settings;
mod snapshots;
mod stdio;
mod stores;
mod testkit;
mod toolsets;
mod transport;
