//! Wildcard patterns as IAM uses them: matching a text, and comparing two patterns as sets of texts.
//! Everything is polynomial: a set of live positions is carried along, nothing is retried.

/// One step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Token {
    /// This character.
    Char(char),
    /// This character in either case; holds the folded form.
    AnyCase(char),
    /// Any one character; a colon only when `colon` is set.
    One {
        /// Whether a colon is accepted.
        colon: bool,
    },
    /// Any run of characters, also none; colons only when `colon` is set.
    Run {
        /// Whether colons are accepted.
        colon: bool,
    },
}

/// A pattern over whole texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    tokens: Vec<Token>,
    /// Whether there is a step that is not a character.
    wild: bool,
}

/// One case for two characters that differ only in case.
pub(super) fn fold(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

impl Pattern {
    /// The pattern of these steps.
    pub(super) fn new(tokens: impl IntoIterator<Item = Token>) -> Self {
        let mut pattern = Self::default();
        for token in tokens {
            let repeated = matches!(token, Token::Run { .. }) && pattern.tokens.last() == Some(&token);
            if !repeated {
                pattern.wild |= !matches!(token, Token::Char(_));
                pattern.tokens.push(token);
            }
        }
        pattern
    }

    /// The pattern that matches `text` alone.
    pub(super) fn literal(text: &str) -> Self {
        Self::new(text.chars().map(Token::Char))
    }

    /// The pattern with one more step.
    pub(super) fn followed_by(mut self, token: Token) -> Self {
        self.wild |= !matches!(token, Token::Char(_));
        self.tokens.push(token);
        self
    }

    /// `*` is any run and `?` any one character, colons included.
    pub(super) fn glob(text: &str) -> Self {
        Self::new(text.chars().map(|character| match character {
            '*' => Token::Run { colon: true },
            '?' => Token::One { colon: true },
            other => Token::Char(other),
        }))
    }

    /// As [`Self::glob`], ignoring case: how IAM compares action names.
    pub(super) fn glob_any_case(text: &str) -> Self {
        Self::glob(text).any_case()
    }

    /// The same pattern, ignoring case.
    pub(super) fn any_case(self) -> Self {
        Self::new(self.tokens.into_iter().map(|token| match token {
            Token::Char(character) => Token::AnyCase(fold(character)),
            other => other,
        }))
    }

    /// Whether it matches one text only, and heeds case.
    pub(super) fn is_literal(&self) -> bool {
        !self.wild
    }

    /// The one text it matches, if it has no wildcard and heeds case.
    pub(super) fn as_literal(&self) -> Option<String> {
        self.tokens
            .iter()
            .map(|token| match token {
                Token::Char(character) => Some(*character),
                _ => None,
            })
            .collect()
    }

    /// Number of steps, the measure of how costly a comparison is.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether `text` belongs to the pattern.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.consumes(text.chars().map(Token::Char))
    }

    /// Whether every text of `other` is certainly one of this pattern: a proof, not a decision, so false may mean unproved.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.consumes(other.tokens.iter().copied())
    }

    /// Whether some text belongs to both patterns.
    pub(super) fn intersects(&self, other: &Self) -> bool {
        let width = other.tokens.len() + 1;
        let mut seen = vec![false; (self.tokens.len() + 1) * width];
        let mut pending = vec![(0, 0)];
        while let Some((left, right)) = pending.pop() {
            match seen.get_mut(left * width + right) {
                Some(visited) if !*visited => *visited = true,
                _ => continue,
            }
            match (self.tokens.get(left), other.tokens.get(right)) {
                (None, None) => return true,
                (left_token, right_token) => {
                    let left_run = matches!(left_token, Some(Token::Run { .. }));
                    let right_run = matches!(right_token, Some(Token::Run { .. }));
                    if left_run {
                        pending.push((left + 1, right));
                    }
                    if right_run {
                        pending.push((left, right + 1));
                    }
                    if let (Some(&left_token), Some(&right_token)) = (left_token, right_token)
                        && share_a_character(left_token, right_token)
                    {
                        pending.push((left + usize::from(!left_run), right + usize::from(!right_run)));
                    }
                }
            }
        }
        false
    }

    /// The pattern of the `index`-th of the parts between colons, when no wildcard up to it can hold a colon.
    pub(super) fn segment(&self, index: usize) -> Option<Self> {
        let mut current = 0;
        let mut tokens = Vec::new();
        for &token in &self.tokens {
            match token {
                Token::Char(':') if current == index => return Some(Self::new(tokens)),
                Token::Char(':') => current += 1,
                Token::One { colon: true } | Token::Run { colon: true } => return None,
                other if current == index => tokens.push(other),
                _ => {}
            }
        }
        (current == index).then(|| Self::new(tokens))
    }

    fn consumes(&self, symbols: impl Iterator<Item = Token>) -> bool {
        let mut live = Positions::new(self.tokens.len() + 1);
        let mut next = Positions::new(self.tokens.len() + 1);
        self.enter(&mut live, 0);
        for symbol in symbols {
            next.clear();
            for &position in &live.list {
                match self.tokens.get(position) {
                    Some(&token @ Token::Run { .. }) if accepts(token, symbol) => {
                        self.enter(&mut next, position)
                    }
                    Some(&token) if accepts(token, symbol) => self.enter(&mut next, position + 1),
                    _ => {}
                }
            }
            if next.list.is_empty() {
                return false;
            }
            std::mem::swap(&mut live, &mut next);
        }
        live.list.contains(&self.tokens.len())
    }

    /// Adds a position and those reached from it without consuming anything.
    fn enter(&self, positions: &mut Positions, mut position: usize) {
        while positions.add(position) && matches!(self.tokens.get(position), Some(Token::Run { .. })) {
            position += 1;
        }
    }
}

/// Positions without repetition.
struct Positions {
    list: Vec<usize>,
    round: Vec<u32>,
    current: u32,
}

impl Positions {
    fn new(length: usize) -> Self {
        Self { list: Vec::new(), round: vec![0; length], current: 1 }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.current = self.current.wrapping_add(1);
    }

    fn add(&mut self, position: usize) -> bool {
        match self.round.get_mut(position) {
            Some(round) if *round != self.current => {
                *round = self.current;
                self.list.push(position);
                true
            }
            _ => false,
        }
    }
}

/// Whether every text of the step `symbol` is accepted by `token` (for a run: while staying on it).
fn accepts(token: Token, symbol: Token) -> bool {
    match (token, symbol) {
        (Token::Char(left), Token::Char(right)) => left == right,
        (Token::Char(left), Token::AnyCase(right)) => {
            left == right && left.to_lowercase().eq(left.to_uppercase())
        }
        (Token::AnyCase(left), Token::Char(right)) => left == fold(right),
        (Token::AnyCase(left), Token::AnyCase(right)) => left == right,
        (Token::One { .. }, Token::Run { .. }) => false,
        (Token::One { colon } | Token::Run { colon }, symbol) => colon || !may_be_colon(symbol),
        (Token::Char(_) | Token::AnyCase(_), Token::One { .. } | Token::Run { .. }) => false,
    }
}

fn share_a_character(left: Token, right: Token) -> bool {
    match (left, right) {
        (Token::Char(left), Token::Char(right)) => left == right,
        (Token::AnyCase(left), Token::AnyCase(right)) => left == right,
        (Token::Char(exact), Token::AnyCase(folded)) | (Token::AnyCase(folded), Token::Char(exact)) => {
            folded == fold(exact)
        }
        (Token::One { colon } | Token::Run { colon }, Token::Char(':'))
        | (Token::Char(':'), Token::One { colon } | Token::Run { colon }) => colon,
        _ => true,
    }
}

fn may_be_colon(symbol: Token) -> bool {
    match symbol {
        Token::Char(character) | Token::AnyCase(character) => character == ':',
        Token::One { colon } | Token::Run { colon } => colon,
    }
}
