//! Programs of the abstract processes: what models are written with.

use std::sync::atomic::Ordering;

use crate::expression::{Expression, Register, Word};
use crate::instruction::{Instruction, Label, Place};

/// Registers a process can have.
pub(super) const REGISTERS: usize = 24;

/// The program of one process, written by calling its methods in order.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) name: String,
    pub(super) instructions: Vec<Instruction>,
    /// What the instruction at the same index belongs to, for traces.
    pub(super) steps: Vec<&'static str>,
    pub(super) registers: Vec<&'static str>,
    /// Registers that outlive the process, as a set of bits.
    pub(super) kept: u32,
    pub(super) token: Option<usize>,
    pub(super) accepts_heavy_fences: bool,
    labels: Vec<Option<usize>>,
    step: &'static str,
}

impl Program {
    /// An empty program; the name stands in traces.
    pub fn new(name: impl Into<String>) -> Self {
        Program {
            name: name.into(),
            instructions: Vec::new(),
            steps: Vec::new(),
            registers: Vec::new(),
            kept: 0,
            token: None,
            accepts_heavy_fences: false,
            labels: Vec::new(),
            step: "",
        }
    }

    /// A new register, zero at first. Two registers may have the same name.
    pub fn register(&mut self, name: &'static str) -> Register {
        assert!(self.registers.len() < REGISTERS, "{}: too many registers", self.name);
        self.registers.push(name);
        Register(self.registers.len() as u8 - 1)
    }

    /// A register whose value the checks at the end can read, even if the process was killed.
    pub fn kept_register(&mut self, name: &'static str) -> Register {
        let register = self.register(name);
        self.kept |= register.bit();
        register
    }

    /// From here on the process may be killed before any step; the kernel then stores 0 in its
    /// token, with everything the process had done before that store.
    pub fn dies_with(&mut self, token: impl Into<Place>) {
        self.token = Some(token.into().location(&[]));
    }

    /// Names what follows, for traces.
    pub fn step(&mut self, name: &'static str) {
        self.step = name;
    }

    /// A load of any message that the process may still read.
    pub fn load(&mut self, into: Register, from: impl Into<Place>, order: Ordering) {
        assert!(matches!(order, Ordering::Relaxed | Ordering::Acquire), "load {order:?}");
        self.push(Instruction::Load { into, from: from.into(), order, latest: false });
    }

    /// A question that the kernel answers: it knows the latest value.
    pub fn load_latest(&mut self, into: Register, from: impl Into<Place>, order: Ordering) {
        assert!(matches!(order, Ordering::Relaxed | Ordering::Acquire), "load {order:?}");
        self.push(Instruction::Load { into, from: from.into(), order, latest: true });
    }

    /// A store.
    pub fn store(&mut self, to: impl Into<Place>, value: impl Into<Expression>, order: Ordering) {
        assert!(matches!(order, Ordering::Relaxed | Ordering::Release), "store {order:?}");
        self.push(Instruction::Store { to: to.into(), value: value.into(), order });
    }

    /// A strong compare-exchange. It succeeded if `seen` equals `expected` afterwards; if not it
    /// was a relaxed load, which may have read an old value.
    pub fn compare_exchange(
        &mut self,
        seen: Register,
        at: impl Into<Place>,
        expected: impl Into<Expression>,
        new: impl Into<Expression>,
        order: Ordering,
    ) {
        let (at, expected, new) = (at.into(), expected.into(), new.into());
        self.push(Instruction::CompareExchange { seen, at, expected, new, order });
    }

    /// An atomic exchange; `old` receives what was there.
    pub fn swap(
        &mut self,
        old: Register,
        at: impl Into<Place>,
        new: impl Into<Expression>,
        order: Ordering,
    ) {
        self.push(Instruction::Modify { seen: old, at: at.into(), new: new.into(), order });
    }

    /// An atomic addition; `old` receives what was there.
    pub fn fetch_add(
        &mut self,
        old: Register,
        at: impl Into<Place>,
        more: impl Into<Expression>,
        order: Ordering,
    ) {
        let new = old + more;
        self.push(Instruction::Modify { seen: old, at: at.into(), new, order });
    }

    /// An atomic union of bits; `old` receives what was there.
    pub fn fetch_or(
        &mut self,
        old: Register,
        at: impl Into<Place>,
        bits: impl Into<Expression>,
        order: Ordering,
    ) {
        let new = old | bits;
        self.push(Instruction::Modify { seen: old, at: at.into(), new, order });
    }

    /// A fence: `Acquire`, `Release` or `SeqCst`.
    pub fn fence(&mut self, order: Ordering) {
        assert!(
            matches!(order, Ordering::Acquire | Ordering::Release | Ordering::SeqCst),
            "fence {order:?}"
        );
        self.push(Instruction::Fence { order });
    }

    /// A fence of sequential consistency in this process and in all that accept it, wherever these
    /// are in their programs.
    pub fn heavy_fence(&mut self) {
        self.push(Instruction::HeavyFence);
    }

    /// Heavy fences of other processes reach this one.
    pub fn accept_heavy_fences(&mut self) {
        self.accepts_heavy_fences = true;
    }

    /// Futex wait: sleeps if the latest value is `value`, else goes on at once.
    ///
    /// It sleeps in slices of time. While every process lives, a protocol must never depend on a
    /// slice that ends. So here a slice ends only when no other process can move, and once for each
    /// process that was killed.
    pub fn sleep(&mut self, on: impl Into<Place>, value: impl Into<Expression>) {
        self.push(Instruction::Sleep { on: on.into(), value: value.into(), slices: true });
    }

    /// Futex wait without a time-out.
    pub fn sleep_without_slices(&mut self, on: impl Into<Place>, value: impl Into<Expression>) {
        self.push(Instruction::Sleep { on: on.into(), value: value.into(), slices: false });
    }

    /// Futex wake of one sleeper, whichever.
    pub fn wake_one(&mut self, on: impl Into<Place>) {
        self.push(Instruction::Wake { on: on.into(), all: false });
    }

    /// Futex wake of all sleepers.
    pub fn wake_all(&mut self, on: impl Into<Place>) {
        self.push(Instruction::Wake { on: on.into(), all: true });
    }

    /// Any value from 0 to `below - 1`; all are explored.
    pub fn choose(&mut self, into: Register, below: Word) {
        self.push(Instruction::Choose { into, below });
    }

    /// Computes.
    pub fn set(&mut self, into: Register, value: impl Into<Expression>) {
        self.push(Instruction::Set { into, value: value.into() });
    }

    /// Fails the exploration unless the condition holds here.
    pub fn check(&mut self, condition: impl Into<Expression>, otherwise: impl Into<String>) {
        let otherwise = otherwise.into();
        self.push(Instruction::Check { condition: condition.into(), otherwise });
    }

    /// A label for what follows.
    pub fn here(&mut self) -> Label {
        let label = self.label();
        self.bind(label);
        label
    }

    /// A label to be bound later.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// What follows is where the label leads.
    pub fn bind(&mut self, label: Label) {
        let place = &mut self.labels[label.0];
        assert!(place.is_none(), "{}: a label bound twice", self.name);
        *place = Some(self.instructions.len());
    }

    /// Goes on at the label.
    pub fn jump(&mut self, to: Label) {
        self.jump_if(1, to);
    }

    /// Goes on at the label if the condition is not 0.
    pub fn jump_if(&mut self, condition: impl Into<Expression>, to: Label) {
        self.push(Instruction::JumpIf { condition: condition.into(), to });
    }

    /// Runs `body` only if the condition is not 0.
    pub fn when(&mut self, condition: impl Into<Expression>, body: impl FnOnce(&mut Self)) {
        let (enter, past) = (self.label(), self.label());
        self.jump_if(condition, enter);
        self.jump(past);
        self.bind(enter);
        body(self);
        self.bind(past);
    }

    /// Ends the process.
    pub fn end(&mut self) {
        self.push(Instruction::End);
    }

    /// Ends the process if the condition is not 0.
    pub fn end_if(&mut self, condition: impl Into<Expression>) {
        self.when(condition, Program::end);
    }

    pub(super) fn target(&self, label: Label) -> usize {
        self.labels[label.0].unwrap_or_else(|| panic!("{}: a label never bound", self.name))
    }

    fn push(&mut self, instruction: Instruction) {
        self.instructions.push(instruction);
        self.steps.push(self.step);
    }
}
