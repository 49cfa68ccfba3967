//! The commands, one file or folder each: the clap type with its help, and what the command does.
//!
//! A command names no other. What two of them share is a module of its own, such as [`probe_steps`](crate::probe_steps) and
//! [`token_delivery`](crate::token_delivery). Each has a `run` that takes the [`CommandContext`](crate::context::CommandContext).

pub(crate) mod admin_tools;
pub(crate) mod aws;
pub(crate) mod completions;
pub(crate) mod connect;
pub(crate) mod connections;
pub(crate) mod health;
pub(crate) mod manuals;
pub(crate) mod new;
pub(crate) mod probe;
pub(crate) mod register;
pub(crate) mod safe_tool;
pub(crate) mod tokens;
pub(crate) mod tools;
pub(crate) mod users;
