//! The length of functions, in lines as rustfmt lays them out and in statements.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::SourceFile;

/// One function with a body.
#[derive(Clone, Debug)]
pub struct Function {
    /// The path of its file.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its lines, from its signature to its closing brace.
    pub lines: usize,
    /// Its statements and match arms, those in blocks within it too.
    pub statements: usize,
}

/// The distribution of a measure over many functions.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    /// Half of the functions are no longer.
    pub median: usize,
    /// Nine of ten are no longer.
    pub p90: usize,
    /// Ninety-nine of a hundred are no longer.
    pub p99: usize,
    /// The longest.
    pub max: usize,
}

impl Function {
    /// The functions of a file, methods and nested ones too.
    #[must_use]
    pub fn all(file: &SourceFile) -> Vec<Self> {
        let mut finder = Finder {
            path: &file.path,
            found: Vec::new(),
        };
        finder.visit_file(&file.syntax);
        finder.found
    }
}

impl Lengths {
    /// The distribution of these lengths.
    #[must_use]
    pub fn of(mut lengths: Vec<usize>) -> Self {
        lengths.sort_unstable();
        let at = |percent: usize| {
            let place = (lengths.len().saturating_sub(1)) * percent / 100;
            lengths.get(place).copied().unwrap_or_default()
        };
        Self {
            median: at(50),
            p90: at(90),
            p99: at(99),
            max: at(100),
        }
    }
}

struct Finder<'a> {
    path: &'a str,
    found: Vec<Function>,
}

impl Finder<'_> {
    fn add(&mut self, name: &syn::Ident, signature: Span, block: &syn::Block) {
        let mut statements = Statements(0);
        statements.visit_block(block);
        self.found.push(Function {
            path: self.path.to_owned(),
            name: name.to_string(),
            lines: block.span().end().line + 1 - signature.start().line,
            statements: statements.0,
        });
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig.ident, item.sig.span(), &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig.ident, item.sig.span(), &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.add(&item.sig.ident, item.sig.span(), block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

struct Statements(usize);

impl<'ast> Visit<'ast> for Statements {
    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        self.0 += 1;
        visit::visit_stmt(self, statement);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.0 += 1;
        visit::visit_arm(self, arm);
    }
}
