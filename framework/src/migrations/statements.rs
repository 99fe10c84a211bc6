//! Finds transaction statements in the SQL of a migration, with their line numbers.
//!
//! Each migration runs in a transaction, which its SQL must not end. The scanner knows comments, quotes and
//! the bodies of triggers and functions, but no grammar: databases guard their transactions as well.

use crate::settings::DatabaseEngine;

/// A statement that begins or ends a transaction.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TransactionStatement {
    /// The keywords with which it begins, in upper case, such as `COMMIT`.
    pub(super) words: String,
    /// Its line, counted from 1.
    pub(super) line: usize,
}

/// The first transaction statement of a script.
pub(super) fn transaction_statement(sql: &str, engine: DatabaseEngine) -> Option<TransactionStatement> {
    let mut statement = Statement::default();
    let mut scanner = Scanner { sql, at: 0, engine };
    while let Some(token) = scanner.next_token() {
        match token {
            Token::Semicolon if statement.ends(engine) => {
                if let Some(found) = statement.if_transaction(sql) {
                    return Some(found);
                }
                statement = Statement::default();
            }
            token => statement.add(&token),
        }
    }
    statement.if_transaction(sql)
}

enum Token<'a> {
    /// A keyword or a name without quotes, and where it begins.
    Word(&'a str, usize),
    Semicolon,
    /// A quoted text, a number or an operator.
    Other,
}

/// The statement that is being read.
#[derive(Default)]
struct Statement {
    start: usize,
    /// The words with which it begins, in upper case.
    words: Vec<String>,
    /// Open `BEGIN` and `CASE` in the body of a PostgreSQL function (`BEGIN ATOMIC … END`).
    depth: usize,
    /// How far the end of an SQLite trigger (`; END ;`) has been read.
    trigger_end: TriggerEnd,
}

#[derive(Default, PartialEq)]
enum TriggerEnd {
    #[default]
    None,
    Semicolon,
    End,
}

/// Enough for `CREATE OR REPLACE FUNCTION` and `ROLLBACK TRANSACTION TO`.
const LEADING_WORDS: usize = 4;

impl Statement {
    fn add(&mut self, token: &Token<'_>) {
        let word = match token {
            Token::Word(text, at) => {
                let word = text.to_ascii_uppercase();
                if self.words.is_empty() {
                    self.start = *at;
                }
                if self.words.len() < LEADING_WORDS {
                    self.words.push(word.clone());
                }
                word
            }
            Token::Semicolon => {
                self.trigger_end = TriggerEnd::Semicolon;
                return;
            }
            Token::Other => String::new(),
        };
        self.trigger_end = match self.trigger_end {
            TriggerEnd::Semicolon if word == "END" => TriggerEnd::End,
            _ => TriggerEnd::None,
        };
        if self.creates(&["FUNCTION", "PROCEDURE"]) {
            match word.as_str() {
                "BEGIN" => self.depth += 1,
                "CASE" if self.depth > 0 => self.depth += 1,
                "END" => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Whether a semicolon ends the statement here.
    fn ends(&self, engine: DatabaseEngine) -> bool {
        match engine {
            DatabaseEngine::Sqlite => !self.creates(&["TRIGGER"]) || self.trigger_end == TriggerEnd::End,
            DatabaseEngine::Postgresql => self.depth == 0,
        }
    }

    fn creates(&self, kinds: &[&str]) -> bool {
        let mut words = self.words.iter().map(String::as_str);
        words.next() == Some("CREATE")
            && words
                .find(|word| !["OR", "REPLACE", "TEMP", "TEMPORARY"].contains(word))
                .is_some_and(|word| kinds.contains(&word))
    }

    fn if_transaction(&self, sql: &str) -> Option<TransactionStatement> {
        let words: Vec<_> = self.words.iter().map(String::as_str).collect();
        let words = match words[..] {
            // Back to a savepoint.
            ["ROLLBACK", "TO", ..] | ["ROLLBACK", "WORK" | "TRANSACTION", "TO", ..] => return None,
            [word @ ("BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "ABORT"), ..] => word.to_owned(),
            [word @ ("START" | "PREPARE"), "TRANSACTION", ..] => format!("{word} TRANSACTION"),
            _ => return None,
        };
        Some(TransactionStatement { words, line: sql[..self.start].matches('\n').count() + 1 })
    }
}

struct Scanner<'a> {
    sql: &'a str,
    at: usize,
    engine: DatabaseEngine,
}

impl<'a> Scanner<'a> {
    fn next_token(&mut self) -> Option<Token<'a>> {
        let sqlite = self.engine == DatabaseEngine::Sqlite;
        loop {
            let start = self.at;
            let rest = &self.sql[start..];
            let first = rest.chars().next()?;
            match first {
                _ if first.is_whitespace() => self.at += first.len_utf8(),
                _ if rest.starts_with("--") => self.at += rest.find('\n').unwrap_or(rest.len()),
                _ if rest.starts_with("/*") => self.skip_comment(),
                ';' => {
                    self.at += 1;
                    return Some(Token::Semicolon);
                }
                '\'' | '"' => return Some(self.quoted(first, false)),
                '`' if sqlite => return Some(self.quoted('`', false)),
                '[' if sqlite => {
                    self.at += rest.find(']').map_or(rest.len(), |end| end + 1);
                    return Some(Token::Other);
                }
                '$' if !sqlite => return Some(self.dollar_quoted()),
                _ if is_word(first) => {
                    let end = rest.find(|next| !is_word(next) && next != '$').unwrap_or(rest.len());
                    self.at += end;
                    // PostgreSQL's E'…' has backslash escapes.
                    if !sqlite && rest[..end].eq_ignore_ascii_case("e") && rest[end..].starts_with('\'') {
                        return Some(self.quoted('\'', true));
                    }
                    return Some(Token::Word(&rest[..end], start));
                }
                _ => {
                    self.at += first.len_utf8();
                    return Some(Token::Other);
                }
            }
        }
    }

    /// Comments nest in PostgreSQL.
    fn skip_comment(&mut self) {
        let mut depth = 0;
        loop {
            let rest = &self.sql[self.at..];
            let nests = self.engine == DatabaseEngine::Postgresql || depth == 0;
            if rest.starts_with("/*") && nests {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                match rest.chars().next() {
                    Some(next) => self.at += next.len_utf8(),
                    None => return,
                }
            }
        }
    }

    /// Skips a quoted text or name. A doubled quote ends it and begins another, which has the same effect.
    fn quoted(&mut self, quote: char, backslashes: bool) -> Token<'a> {
        let mut letters = self.sql[self.at..].char_indices().skip(1);
        while let Some((offset, letter)) = letters.next() {
            if letter == quote {
                self.at += offset + letter.len_utf8();
                return Token::Other;
            }
            if letter == '\\' && backslashes {
                letters.next();
            }
        }
        self.at = self.sql.len();
        Token::Other
    }

    /// Skips PostgreSQL's `$tag$ … $tag$`, or the `$` of a parameter.
    fn dollar_quoted(&mut self) -> Token<'a> {
        let rest = &self.sql[self.at..];
        let tag = rest[1..].find('$').map(|end| &rest[..end + 2]).filter(|tag| {
            let name = &tag[1..tag.len() - 1];
            name.chars().all(is_word) && !name.starts_with(|first: char| first.is_ascii_digit())
        });
        self.at += match tag {
            Some(tag) => rest[tag.len()..].find(tag).map_or(rest.len(), |end| end + 2 * tag.len()),
            None => 1,
        };
        Token::Other
    }
}

fn is_word(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sql: &str, engine: DatabaseEngine) -> Option<(String, usize)> {
        transaction_statement(sql, engine).map(|found| (found.words, found.line))
    }

    #[test]
    fn transaction_statements_are_found_with_their_line() {
        for engine in [DatabaseEngine::Sqlite, DatabaseEngine::Postgresql] {
            let at = |sql| found(sql, engine);
            assert_eq!(at("CREATE TABLE t (id INTEGER);\n\n  commit;"), Some(("COMMIT".into(), 3)));
            assert_eq!(at("-- COMMIT;\nBegin immediate"), Some(("BEGIN".into(), 2)));
            assert_eq!(at("SELECT 1; /* ; */\nEND TRANSACTION"), Some(("END".into(), 2)));
            assert_eq!(at("SAVEPOINT a; ROLLBACK TO a; RELEASE a"), None);
            assert_eq!(at("ROLLBACK TRANSACTION TO SAVEPOINT a"), None);
            assert_eq!(at("INSERT INTO t VALUES ('; COMMIT;'), ('it''s; COMMIT;')"), None);
            assert_eq!(at("CREATE TABLE \"; COMMIT;\" (commit INTEGER)"), None);
            assert_eq!(at("INSERT INTO t VALUES (1); ROLLBACK; SELECT 1"), Some(("ROLLBACK".into(), 1)));
            assert_eq!(at(""), None);
            assert_eq!(at("SELECT 'unfinished; COMMIT"), None);
        }
    }

    #[test]
    fn bodies_of_sqlites_triggers_end_at_their_end() {
        let trigger = "CREATE TEMP TRIGGER a AFTER INSERT ON t BEGIN\n UPDATE t SET x = CASE WHEN 1 THEN 2 END;\n\
                       DELETE FROM u;\nEND;\n";
        assert_eq!(found(trigger, DatabaseEngine::Sqlite), None);
        let more = format!("{trigger}COMMIT");
        assert_eq!(found(&more, DatabaseEngine::Sqlite), Some(("COMMIT".into(), 5)));
        assert_eq!(found("CREATE TABLE [; COMMIT;] (`; END;` INTEGER)", DatabaseEngine::Sqlite), None);
    }

    #[test]
    fn bodies_of_postgresqls_functions_are_skipped() {
        let engine = DatabaseEngine::Postgresql;
        for sql in [
            "CREATE FUNCTION f() RETURNS int AS $$ BEGIN; COMMIT; END; $$ LANGUAGE plpgsql",
            "DO $body$ BEGIN PERFORM '$$'; COMMIT; END $body$",
            "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;",
            "INSERT INTO t VALUES (E'it\\'s; COMMIT;')",
            "/* outer /* inner */ COMMIT; */ SELECT 1",
            "SELECT a[1]; EXECUTE p($1)",
        ] {
            assert_eq!(found(sql, engine), None, "{sql}");
            let more = format!("{sql};\nPREPARE TRANSACTION 'x'");
            assert_eq!(found(&more, engine), Some(("PREPARE TRANSACTION".into(), 2)), "{sql}");
        }
    }
}
