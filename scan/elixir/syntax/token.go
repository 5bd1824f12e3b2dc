package syntax

import (
	"sort"
	"unicode"
)

// kind is the kind of a token. There are fewer than 64, so that a set of them is one word.
type kind uint8

const (
	tEOF     kind = iota
	tHoleEnd      // the } of #{}
	tEOL
	tSemi

	tIdent        // foo
	tParenIdent   // foo of foo(
	tBracketIdent // foo of foo[
	tOpIdent      // foo of foo -1, which is a call
	tAlias
	tAtom
	tKey         // foo:
	tQuotedAtom  // :"foo"
	tQuotedKey   // "foo":
	tInteger     //
	tChar        // ?a
	tFloat       //
	tCaptureArg  // &1
	tConst       // true, false, nil
	tString      //
	tCharlist    //
	tSigil       //
	tOp          // also and, or, in, not, when
	tDo          //
	tEnd         //
	tFn          //
	tBlockWord   // after, else, rescue, catch
	tDot         //
	tComma       //
	tOpenParen   //
	tCloseParen  //
	tOpenSquare  //
	tCloseSquare //
	tOpenCurly   //
	tCloseCurly  //
	tOpenBits    // <<
	tCloseBits   // >>
	tOpenMap     // %{
	tPercent     //
)

// kinds is a set of token kinds.
type kinds uint64

func setOf(ks ...kind) kinds {
	var s kinds
	for _, k := range ks {
		s |= 1 << k
	}
	return s
}

func (s kinds) has(k kind) bool { return s>>k&1 == 1 }

const (
	spaced = 1 << iota // white space before it
	first              // first on its line
	quoted             // a name between quotes, as in Foo."bar baz"(); aux is the quote
)

// token is kept to 20 bytes: a large file has millions.
type token struct {
	kind       kind
	op         op
	flags      uint8
	start, end int32
	line       int32 // index into the file's lines
	aux        int32 // of a "(" the index of its ")", of a string the index of its quote
}

// op is an index into ops.
type op uint8

type opInfo struct {
	text  string
	power uint8 // how tightly it binds between two operands; 0 where it does not stand between two
	right bool  // a op b op c is a op (b op c)
}

// Precedences are those of Elixir's elixir_parser.yrl.
var ops = [...]opInfo{
	{},
	{"===", 140, false},
	{"!==", 140, false},
	{"<<<", 160, false},
	{">>>", 160, false},
	{"~>>", 160, false},
	{"<<~", 160, false},
	{"<~>", 160, false},
	{"<|>", 160, false},
	{"|||", 120, false},
	{"&&&", 130, false},
	{"+++", 200, true},
	{"---", 200, true},
	{"^^^", 180, false},
	{"==", 140, false},
	{"!=", 140, false},
	{"<=", 150, false},
	{">=", 150, false},
	{"=~", 140, false},
	{"&&", 130, false},
	{"||", 120, false},
	{"|>", 160, false},
	{"<-", 40, false},
	{`\\`, 40, false},
	{"<>", 200, true},
	{"++", 200, true},
	{"--", 200, true},
	{"**", 230, false},
	{"::", 60, true},
	{"<~", 160, false},
	{"~>", 160, false},
	{"*", 220, false},
	{"/", 220, false},
	{"<", 150, false},
	{">", 150, false},
	{"=", 100, true},
	opStab: {text: "->"}, opWhen: {"when", 50, true}, opBar: {"|", 70, true}, opAssoc: {"=>", 80, true},
	opRange: {"..", 200, true}, opStep: {"//", 190, true}, opIn: {"in", 170, false}, opNotIn: {"not in", 170, false},
	opPlus: {"+", 210, false}, opMinus: {"-", 210, false},
	opAnd: {"and", 130, false}, opOr: {"or", 120, false},
	opNot: {text: "not"}, opBang: {text: "!"}, opCaret: {text: "^"}, opTilde: {text: "~~~"}, opCapture: {text: "&"}, opAt: {text: "@"},
	opEllipsis: {text: "..."},
}

// The operators that the grammar knows by name.
const (
	opStab op = iota + 40
	opWhen
	opBar
	opAssoc
	opRange
	opStep
	opIn
	opNotIn
	opPlus
	opMinus
	opAnd
	opOr
	opNot
	opBang
	opCaret
	opTilde
	opCapture
	opAt
	opEllipsis
)

// unaryPower is what -, !, ^, not and ~~~ bind with; & takes in much more.
const (
	unaryPower   = 300
	capturePower = 90
)

// opsByByte holds the operators that begin with a byte, the longest first.
var opsByByte = func() (by [128][]op) {
	for o := range ops {
		if t := ops[o].text; t != "" && !(t[0] >= 'a' && t[0] <= 'z') {
			by[t[0]] = append(by[t[0]], op(o))
		}
	}
	for _, list := range by {
		sort.SliceStable(list, func(i, j int) bool { return len(ops[list[i]].text) > len(ops[list[j]].text) })
	}
	return by
}()

var wordOps = map[string]op{"when": opWhen, "in": opIn, "not": opNot, "and": opAnd, "or": opOr}

// oddNames are what only an atom or a keyword's key can be without quotes, the longest first.
var oddNames = []string{"<<>>", "..//", "%{}", "{}", "%", "."}

// classes of bytes
const (
	cStart uint8 = 1 << iota // may begin a name of a variable or function
	cUpper
	cDigit
	cWord // may continue a name
	cHex
	cBlank
)

var classes = func() (c [256]uint8) {
	for b := 'a'; b <= 'z'; b++ {
		c[b] = cStart | cWord
		c[b-32] = cUpper | cWord
	}
	c['_'] = cStart | cWord
	for b := '0'; b <= '9'; b++ {
		c[b] = cDigit | cWord | cHex
	}
	for b := 'a'; b <= 'f'; b++ {
		c[b] |= cHex
		c[b-32] |= cHex
	}
	c[' '], c['\t'], c['\r'], c['\f'] = cBlank, cBlank, cBlank, cBlank
	return c
}()

// Names beyond ASCII follow Unicode's identifiers closely enough to read what Elixir accepts; what it rejects (scripts mixed,
// or not in NFC) is read all the same.
func startsName(r rune) bool {
	return unicode.IsLetter(r) && !unicode.IsUpper(r) && !unicode.IsTitle(r)
}

func inName(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) || unicode.Is(unicode.Pc, r) || r == '·'
}
