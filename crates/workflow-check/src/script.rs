//! The commands of a `run` block, as far as a check needs them: words, without expanding anything.

/// A script and the line of the file on which it begins.
#[derive(Debug, Clone)]
pub struct Script {
    pub line: usize,
    pub text: String,
}

/// A simple command: its words without quotes, assignments before it left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub line: usize,
    pub words: Vec<String>,
}

/// Words before a command that are no part of it.
const LEADING: &[&str] = &[
    "!", "if", "then", "elif", "else", "while", "until", "do", "{", "}", "exec", "command", "time", "env",
    "sudo", "nohup",
];

impl Command {
    /// The program, without its folder.
    pub fn program(&self) -> &str {
        let word = self.words.first().map_or("", String::as_str);
        word.rsplit('/').next().unwrap_or(word)
    }

    /// The words after the program.
    pub fn arguments(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The words after the name of a program, wherever it stands: `timeout 9 terraform apply` runs terraform too.
    pub fn call_of(&self, program: &str) -> Option<&[String]> {
        let at = self
            .words
            .iter()
            .position(|word| word.rsplit('/').next() == Some(program))?;
        self.words.get(at + 1..)
    }

    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|one| one == word)
    }

    /// The word after a flag, or behind its `=`.
    pub fn value_of(&self, flag: &str) -> Option<&str> {
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            if word == flag {
                return words.next().map(String::as_str);
            }
            if let Some(value) = word.strip_prefix(flag).and_then(|rest| rest.strip_prefix('=')) {
                return Some(value);
            }
        }
        None
    }
}

impl Script {
    /// All commands, those in `$( )` and in pipes included.
    pub fn commands(&self) -> Vec<Command> {
        let mut reader = Reader {
            line: self.line,
            ..Reader::default()
        };
        let characters: Vec<char> = self.text.chars().collect();
        let mut at = 0;
        while at < characters.len() {
            at += reader.take(&characters[at..]);
        }
        reader.end_command();
        reader.commands
    }
}

/// What has been read of a script so far.
#[derive(Default)]
struct Reader {
    line: usize,
    commands: Vec<Command>,
    words: Vec<String>,
    began: usize,
    word: Option<String>,
    quote: Option<char>,
    /// Commands that are interrupted by another one in brackets.
    outer: Vec<Outer>,
}

/// A command that goes on behind the bracket.
#[derive(Default)]
struct Outer {
    words: Vec<String>,
    began: usize,
    word: Option<String>,
    quote: Option<char>,
}

impl Reader {
    /// Reads the next character, or two; returns how many.
    fn take(&mut self, rest: &[char]) -> usize {
        let (now, next) = (rest[0], rest.get(1).copied());
        match (self.quote, now) {
            (Some('\''), '\'') | (Some('"'), '"') => self.quote = None,
            (Some('\''), _) => self.push(now),
            (_, '\\') => return self.escaped(next),
            // A command inside a text is a command as well.
            (_, '$') if next == Some('(') => {
                self.push('$');
                self.open();
                return 2;
            }
            (None, '\'' | '"') => {
                self.quote = Some(now);
                self.word.get_or_insert_default();
            }
            (None, '#') if self.word.is_none() => {
                let comment = rest.iter().take_while(|one| **one != '\n').count();
                return comment;
            }
            (None, ' ' | '\t') => self.end_word(),
            (None, '(') => {
                self.end_command();
                self.open();
            }
            (None, ')') => self.close(),
            (None, '\n' | ';' | '&' | '|' | '`') => self.end_command(),
            _ => self.push(now),
        }
        // Afterwards, so that the break that ends a command is on the command's line.
        self.line += usize::from(now == '\n');
        1
    }

    fn escaped(&mut self, next: Option<char>) -> usize {
        match next {
            Some('\n') => {
                self.line += 1;
                if self.quote.is_none() {
                    self.end_word();
                }
            }
            Some(next) => self.push(next),
            None => {}
        }
        2
    }

    fn push(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    fn open(&mut self) {
        if self.words.is_empty() {
            self.began = self.line;
        }
        self.outer.push(Outer {
            words: std::mem::take(&mut self.words),
            began: self.began,
            word: self.word.take(),
            quote: self.quote.take(),
        });
    }

    /// A bracket that nothing has opened ends a pattern of `case`.
    fn close(&mut self) {
        self.end_command();
        let outer = self.outer.pop().unwrap_or_default();
        self.words = outer.words;
        self.began = outer.began;
        self.word = outer.word;
        self.quote = outer.quote;
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            if self.words.is_empty() {
                self.began = self.line;
            }
            self.words.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        let words = std::mem::take(&mut self.words);
        let mut rest = words.into_iter().skip_while(|word| is_before(word)).peekable();
        if rest.peek().is_some() {
            self.commands.push(Command {
                line: self.began,
                words: rest.collect(),
            });
        }
    }
}

fn is_before(word: &str) -> bool {
    LEADING.contains(&word) || is_assignment(word)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(text: &str) -> Vec<Vec<String>> {
        let script = Script {
            line: 1,
            text: text.to_owned(),
        };
        script
            .commands()
            .into_iter()
            .map(|command| command.words)
            .collect()
    }

    #[test]
    fn commands_are_found_in_pipes_lists_conditions_and_substitutions() {
        let text =
            "if ! a one; then b 'two words' | c && D=1 d \"$(e x)\" # f\nfi\ng \\\n  --flag=\"v w\"\n( h )\n";
        let mut programs: Vec<String> = commands(text).into_iter().map(|words| words[0].clone()).collect();
        programs.sort();
        assert_eq!(
            programs,
            ["a", "b", "c", "d", "e", "fi", "g", "h"],
            "f is a comment"
        );
        let words = &commands("a \"$(b c) d\" --e\n")[1];
        assert_eq!(words, &["a", "$ d", "--e"], "the outer command goes on");
    }

    #[test]
    fn words_lose_their_quotes_and_join_across_lines() {
        let words = &commands("/opt/x/crossover run \\\n  --config=\"$C\" --run-id 'a b'\n")[0];
        assert_eq!(
            words,
            &["/opt/x/crossover", "run", "--config=$C", "--run-id", "a b"]
        );
    }

    #[test]
    fn a_command_knows_its_line_program_and_flags() {
        let script = Script {
            line: 10,
            text: "one\n\ntwo/three --a b --c=d\nfour\n".to_owned(),
        };
        let commands = script.commands();
        let lines: Vec<usize> = commands.iter().map(|command| command.line).collect();
        assert_eq!(lines, [10, 12, 13]);
        assert_eq!(commands[1].program(), "three");
        assert_eq!(commands[1].value_of("--a"), Some("b"));
        assert_eq!(commands[1].value_of("--c"), Some("d"));
        assert_eq!(commands[1].value_of("--e"), None);
    }
}
