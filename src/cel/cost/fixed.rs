//! What the parts of an expression cost whatever their values are.

use crate::cel::typed::{Question, Rows, Segment, TypedExpr};

impl TypedExpr {
    /// What the parts cost whose cost does not depend on values: one unit each. A loop charges its rounds itself.
    pub(in crate::cel) fn fixed_cost(&self) -> u64 {
        1 + match self {
            Self::RequestAt(_, _, inner)
            | Self::Field(inner, _)
            | Self::HasField(inner, _)
            | Self::Member(inner, _)
            | Self::HasMember(inner, _)
            | Self::Unpack(inner)
            | Self::Not(inner)
            | Self::Negate(inner)
            | Self::ToDouble(inner)
            | Self::Json(inner)
            | Self::Matches(inner, _) => inner.fixed_cost(),
            Self::Index(parts)
            | Self::In(parts)
            | Self::And(parts)
            | Self::Or(parts)
            | Self::IntMath(_, parts)
            | Self::DoubleMath(_, parts)
            | Self::Math(_, parts)
            | Self::CompareInt(_, parts)
            | Self::EqualText(_, parts)
            | Self::MatchesPattern(parts)
            | Self::Compare(_, parts) => sum(&**parts),
            Self::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                condition.fixed_cost() + then.fixed_cost().max(otherwise.fixed_cost())
            }
            // An element is made, and moved into the list.
            Self::List(parts) | Self::Concat(parts) => sum(parts) + parts.len() as u64,
            // The value is written.
            Self::Message(construct) => {
                let fields = construct.fields.iter();
                fields.map(|(_, value)| 1 + value.fixed_cost()).sum()
            }
            // Each key is looked for among the others.
            Self::Map(entries) => {
                let parts = entries
                    .iter()
                    .map(|(key, value)| key.fixed_cost() + value.fixed_cost());
                parts.sum::<u64>() + (entries.len() * entries.len() / 8) as u64
            }
            Self::Stored(path) | Self::HasStored(path) | Self::StoredSize(path) => {
                let parts = path.iter().map(|segment| match segment {
                    Segment::Name(_) => 1,
                    Segment::Key(key) => 1 + key.fixed_cost(),
                });
                parts.sum()
            }
            Self::Rows(rows) => rows.fixed_cost(),
            Self::Asked(asked) => {
                let (rows, question) = &**asked;
                let key = match question {
                    Question::Get(key) | Question::Has(key) => key.fixed_cost(),
                    _ => 0,
                };
                rows.fixed_cost() + key
            }
            Self::Flatten(list, _) => 2 + list.fixed_cost(),
            Self::Call(_, cost, arguments) => cost.fixed() + sum(arguments),
            Self::Loop(looped) => 2 + looped.range.fixed_cost(),
            _ => 0,
        }
    }
}

fn sum(parts: &[TypedExpr]) -> u64 {
    parts.iter().map(TypedExpr::fixed_cost).sum()
}

impl Rows {
    /// What it costs to look for rows. Each of them is charged when it is there.
    fn fixed_cost(&self) -> u64 {
        const LOOK_UP: u64 = 50;
        LOOK_UP
            + self
                .conditions
                .iter()
                .map(|of| of.value.fixed_cost())
                .sum::<u64>()
    }
}
