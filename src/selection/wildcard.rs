//! Texts with `*` in them, compiled once and compared in time that no input can blow up.
//!
//! `*` stands for zero or more characters that are not whitespace (AWS Backup guide, "Assign resources with AWS CLI";
//! "Assign resources using the console" adds that `prod*` does not match `prod server`).
//! Where the guide leaves two readings the strict one decides yes and the loose one decides no; between them is unknown:
//! `?` (a character of its own, or any one character), white space outside ASCII, and a lone `*` against a value with a
//! space in it ("any value" in one place of the guide, "non-whitespace" in another).

use super::truth::Truth;

/// Longest text, in bytes, that is compared with a wildcard; ARNs end at 2,048 and tag values at 256 characters.
pub(super) const LONGEST: usize = 4_096;

/// A compiled wildcard text.
#[derive(Clone, Debug)]
pub(super) struct Wildcard {
    strict: Glob,
    loose: Option<Glob>,
    lone: Lone,
}

/// What is special about a wildcard that is nothing but `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lone {
    /// It is more than that.
    Not,
    /// A tag value, where the guide is of two minds about white space.
    Value,
    /// An ARN pattern, where it is "all resources in my account" in the guide's words.
    Everything,
}

impl Wildcard {
    /// Compiles a tag value, in which `*` is a wildcard and `?` may be one.
    pub(super) fn of_value(text: &str) -> Self {
        Self::new(text, text, if only_stars(text) { Lone::Value } else { Lone::Not })
    }

    /// Compiles an ARN pattern; `also` is a second, wider spelling that AWS may have meant.
    pub(super) fn of_arn(text: &str, also: &str) -> Self {
        Self::new(text, also, if only_stars(text) { Lone::Everything } else { Lone::Not })
    }

    fn new(text: &str, also: &str, lone: Lone) -> Self {
        let loose = (text != also || text.contains('?')).then(|| Glob::new(also, true));
        Self { strict: Glob::new(text, false), loose, lone }
    }

    /// Whether `text` matches.
    pub(super) fn matches(&self, text: &str) -> Truth {
        if self.is_everything() {
            return Truth::Yes;
        }
        if let Some(exact) = self.exact() {
            return Truth::from(exact == text);
        }
        if text.len() > LONGEST {
            return Truth::Unknown;
        }
        if self.strict.matches(text, Space::Ends) {
            return Truth::Yes;
        }
        let perhaps = match &self.loose {
            Some(loose) => loose.matches(text, Space::Passes),
            None if self.lone == Lone::Value => true,
            None => !text.is_ascii() && self.strict.matches(text, Space::EndsIfAscii),
        };
        if perhaps { Truth::Unknown } else { Truth::No }
    }

    /// Whether it is the ARN pattern that matches every resource.
    pub(super) fn is_everything(&self) -> bool {
        self.lone == Lone::Everything
    }

    /// The whole text, when it holds no wildcard in any reading.
    pub(super) fn exact(&self) -> Option<&str> {
        match (&self.strict.form, &self.loose) {
            (Form::Exact(text), None) => Some(text),
            _ => None,
        }
    }

    /// The runs of literal text that every match of the widest reading holds.
    pub(super) fn literals(&self) -> Vec<String> {
        self.loose.as_ref().unwrap_or(&self.strict).literals()
    }
}

/// Whether `text` is made of `*` alone.
pub(super) fn only_stars(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

/// What a `*` does when it comes to white space.
#[derive(Clone, Copy, Debug)]
enum Space {
    Ends,
    EndsIfAscii,
    Passes,
}

impl Space {
    fn passes(self, character: char) -> bool {
        match self {
            Self::Ends => !character.is_whitespace(),
            Self::EndsIfAscii => !(character.is_ascii() && character.is_whitespace()),
            Self::Passes => true,
        }
    }
}

#[derive(Clone, Debug)]
struct Glob {
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Exact(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
    General(Box<[Token]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Literal(char),
    AnyOne,
    Star,
}

impl Glob {
    fn new(text: &str, question_is_wild: bool) -> Self {
        let mut tokens = Vec::new();
        for character in text.chars() {
            tokens.push(match character {
                '*' => Token::Star,
                '?' if question_is_wild => Token::AnyOne,
                other => Token::Literal(other),
            });
        }
        tokens.dedup_by(|next, previous| *next == Token::Star && *previous == Token::Star);
        let form = match tokens.as_slice() {
            literals if literals.iter().all(is_literal) => Form::Exact(text.into()),
            [literals @ .., Token::Star] if literals.iter().all(is_literal) => Form::Prefix(spell(literals)),
            [Token::Star, literals @ ..] if literals.iter().all(is_literal) => Form::Suffix(spell(literals)),
            _ => Form::General(tokens.into()),
        };
        Self { form }
    }

    fn matches(&self, text: &str, space: Space) -> bool {
        let passes = |rest: &str| rest.chars().all(|character| space.passes(character));
        match &self.form {
            Form::Exact(exact) => **exact == *text,
            Form::Prefix(prefix) => text.strip_prefix(&**prefix).is_some_and(passes),
            Form::Suffix(suffix) => text.strip_suffix(&**suffix).is_some_and(passes),
            Form::General(tokens) => matches_general(tokens, text, space),
        }
    }

    fn literals(&self) -> Vec<String> {
        match &self.form {
            Form::Exact(text) | Form::Prefix(text) | Form::Suffix(text) => vec![text.to_string()],
            Form::General(tokens) => {
                tokens.split(|token| !is_literal(token)).map(|run| spell(run).into_string()).collect()
            }
        }
    }
}

fn is_literal(token: &Token) -> bool {
    matches!(token, Token::Literal(_))
}

fn spell(tokens: &[Token]) -> Box<str> {
    let mut text = String::new();
    for token in tokens {
        if let Token::Literal(character) = token {
            text.push(*character);
        }
    }
    text.into()
}

/// Matches by going back to the last `*` only, so the time is at most pattern times text.
fn matches_general(tokens: &[Token], text: &str, space: Space) -> bool {
    let mut rest = text.chars();
    let mut at = 0;
    let mut last_star = None;
    loop {
        if tokens.get(at) == Some(&Token::Star) {
            at += 1;
            last_star = Some((at, rest.clone()));
            continue;
        }
        let mut ahead = rest.clone();
        let fits = match (tokens.get(at), ahead.next()) {
            (None, None) => return true,
            (Some(Token::Literal(wanted)), Some(found)) => *wanted == found,
            (Some(Token::AnyOne), Some(_)) => true,
            _ => false,
        };
        if fits {
            at += 1;
            rest = ahead;
            continue;
        }
        let Some((resume, mut from)) = last_star else {
            return false;
        };
        match from.next() {
            Some(swallowed) if space.passes(swallowed) => {
                rest = from.clone();
                at = resume;
                last_star = Some((resume, from));
            }
            _ => return false,
        }
    }
}
