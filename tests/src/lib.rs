//! Parts that the tests share: the app of [`fixture`], whose tools behave and misbehave, clients of it, and the surroundings of a binary.
//!
//! Nothing here asserts a rule of the product; rules are in the tests.

pub mod aws;
pub mod bare;
pub mod churn;
pub mod client;
pub mod events;
pub mod fixture;
mod loopback;
pub mod pages;
pub mod process;
pub mod protocol;
pub mod proxy;
pub mod runtime_api;

/// The code blocks of the top README compile and run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The code blocks of the skill `author`, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../skills/author/SKILL.md")]
pub struct AuthorSkill;

/// The code blocks of the skill's page on tools.
#[cfg(doctest)]
#[doc = include_str!("../../skills/author/references/tools.md")]
pub struct AuthorTools;

/// The code blocks of the skill's page on prompts, resources, questions and pages.
#[cfg(doctest)]
#[doc = include_str!("../../skills/author/references/protocol.md")]
pub struct AuthorProtocol;

/// The code blocks of the skill's page on tests.
#[cfg(doctest)]
#[doc = include_str!("../../skills/author/references/testing.md")]
pub struct AuthorTesting;
