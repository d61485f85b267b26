//! The files of Terraform's language, parsed, with the place of every part.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Context;
use hcl_edit::Span;
use hcl_edit::structure::{Block, Body};

use crate::finding::Findings;

/// The rule that a file which cannot be parsed breaks.
pub const SYNTAX: &str = "syntax";
/// A comment with fewer words gives no reason.
const WORDS_OF_A_REASON: usize = 3;

/// One `*.tf` file.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    text: String,
    body: Body,
}

impl File {
    /// Parses a text. `path` is only shown. A text that is not HCL is a finding and gives no file.
    pub fn parse(path: &Path, text: &str, findings: &mut Findings) -> Option<Self> {
        match hcl_edit::parser::parse_body(text) {
            Ok(body) => Some(Self {
                path: path.to_owned(),
                text: text.to_owned(),
                body,
            }),
            Err(error) => {
                findings.begin(SYNTAX);
                findings.add(
                    (path, error.location().line()),
                    format!(
                        "{}; Terraform's language expects something else here",
                        error.message().trim()
                    ),
                );
                None
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The top-level blocks of a kind: `resource`, `variable`.
    pub fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.body.get_blocks(kind)
    }

    /// The file and line of a part of it, for a finding.
    pub fn place(&self, part: &impl Span) -> (&Path, usize) {
        (&self.path, self.line(part.span()))
    }

    /// The line of a span, counted from 1.
    fn line(&self, span: Option<Range<usize>>) -> usize {
        let start = span.map_or(0, |span| span.start).min(self.text.len());
        1 + self
            .text
            .get(..start)
            .map_or(0, |before| before.matches('\n').count())
    }

    /// Whether a comment gives a reason for a part: on one of its lines, or on the lines right above.
    pub fn has_reason(&self, part: &impl Span) -> bool {
        let lines: Vec<&str> = self.text.lines().collect();
        let span = part.span();
        let first = self.line(span.clone()) - 1;
        let last = self.line(span.map(|span| span.end..span.end)) - 1;
        let within = lines.iter().take(last + 1).skip(first);
        let within = within.filter_map(|line| match line.trim_start().strip_prefix('#') {
            Some(comment) => Some(comment),
            None => line.split_once(" # ").map(|(_, comment)| comment),
        });
        let above = lines[..first.min(lines.len())].iter().rev();
        let above = above.map_while(|line| line.trim_start().strip_prefix('#'));
        let words: usize = within
            .chain(above)
            .map(|text| text.split_whitespace().count())
            .sum();
        words >= WORDS_OF_A_REASON
    }
}

/// A folder with `*.tf` files: a module, an environment or an example.
#[derive(Debug)]
pub struct Module {
    /// Relative to the checkout.
    pub folder: PathBuf,
    pub files: Vec<File>,
}

impl Module {
    /// Whether others call it, so that it configures no provider and no state of its own.
    pub fn is_called(&self) -> bool {
        self.folder
            .parent()
            .is_some_and(|parent| parent.ends_with("modules"))
    }

    /// All top-level blocks of a kind, with their file.
    pub fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a File, &'a Block)> {
        self.files
            .iter()
            .flat_map(move |file| file.blocks(kind).map(move |block| (file, block)))
    }

    /// All resources of a type.
    pub fn resources<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a File, &'a Block)> {
        self.of_type("resource", kind)
    }

    /// All blocks whose first label is `label`.
    pub fn of_type<'a>(
        &'a self,
        kind: &'a str,
        label: &'a str,
    ) -> impl Iterator<Item = (&'a File, &'a Block)> {
        let blocks = self.blocks(kind);
        blocks.filter(move |(_, block)| block.labels.first().is_some_and(|first| first.as_str() == label))
    }
}

/// Every folder below `folder` that has `*.tf` files, sorted. Paths are relative to `root`. Files that are no
/// HCL become findings.
pub fn modules(root: &Path, folder: &Path, findings: &mut Findings) -> anyhow::Result<Vec<Module>> {
    let mut modules = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let mut files = Vec::new();
        let mut entries = fs::read_dir(&folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(|| format!("{} cannot be read", folder.display()))?;
        entries.sort_by_key(fs::DirEntry::path);
        for entry in entries {
            let path = entry.path();
            // Terraform's own folder, .terraform, holds copies.
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if path.is_dir() && !hidden {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "tf") {
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("{} cannot be read", path.display()))?;
                let shown = path.strip_prefix(root).unwrap_or(&path);
                files.extend(File::parse(shown, &text, findings));
            }
        }
        if !files.is_empty() {
            let folder = folder.strip_prefix(root).unwrap_or(&folder).to_owned();
            modules.push(Module { folder, files });
        }
    }
    modules.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(modules)
}

/// A path without `..`.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path {
        if part == ".." {
            normal.pop();
        } else if part != "." {
            normal.push(part);
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File::parse(Path::new("a.tf"), text, &mut Findings::default()).unwrap()
    }

    #[test]
    fn a_part_knows_its_line() {
        let file = file("# first\nvariable \"a\" {}\n\nvariable \"b\" {}\n");
        let lines: Vec<usize> = file.blocks("variable").map(|block| file.place(block).1).collect();
        assert_eq!(lines, [2, 4]);
    }

    #[test]
    fn a_reason_stands_beside_or_above_and_has_words() {
        let text = "a = 1 # the service demands it\n# no other way\n# is known\nb = 1\nc = 1 # todo\n\n# far away from it\n\nd = 1\n";
        let file = file(text);
        let reasons: Vec<bool> = file
            .body()
            .attributes()
            .map(|attribute| file.has_reason(attribute))
            .collect();
        assert_eq!(reasons, [true, true, false, false]);
    }

    #[test]
    fn a_text_that_is_no_hcl_is_a_finding_with_its_line() {
        let mut findings = Findings::default();
        assert!(File::parse(Path::new("a.tf"), "a = 1\nb = = 2\n", &mut findings).is_none());
        let found = findings.sorted();
        assert_eq!((found[0].line, found[0].rule), (2, SYNTAX));
    }
}
