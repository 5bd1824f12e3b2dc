package syntax

// Kind says what a node is. Kinds follow the quoted form, told apart where a reader of code would tell them apart.
type Kind uint8

// In the comments, n.Name, n.Fun and n.Args are what the fields of such a node hold.
const (
	_ Kind = iota

	Integer  // Name is the source text: 1_000, 0xFF, ?a
	Float    // Name is the source text
	Atom     // Name without the colon; also true, false, nil and the keys of keywords
	String   // Name is the text, escapes resolved
	Charlist // Name is the text, escapes resolved

	StringParts   // Args are String and Hole nodes
	CharlistParts // likewise
	AtomParts     // likewise, for :"a#{b}" and "a#{b}":
	Sigil         // likewise, escapes as written; Name is the letter, Fun a Charlist of the modifiers
	Hole          // Args[0] is the expression inside #{}

	Var   // Name
	Alias // Name is dotted: Foo.Bar; Fun, if not nil, is what stands before it, as in __MODULE__.Foo

	Call   // Name(Args...), operators too: a + b is + with two Args
	Remote // Fun.Name(Args...); for Fun.{A, B} the Name is {}
	Invoke // Fun.(Args...)
	Again  // Fun(Args...), where Fun is itself a call: unquote(f)(x)
	Access // Args[0][Args[1]]

	List      // [Args...], a call's keywords, the clauses of case or fn, and the do and else of a call
	Pair      // key and value of a keyword or map
	Tuple     // {Args...}
	Map       // %{Args...}; an update is one Call of | with the old map and a List
	Struct    // %Fun{Args...}
	Bitstring // <<Args...>>
	Block     // expressions in a row
	Fn        // Args are Clause nodes
	Clause    // Args[0] is the List of the head, Args[1] the body
)

var kindNames = [...]string{
	"nothing", "integer", "float", "atom", "string", "charlist", "string parts", "charlist parts", "atom parts", "sigil", "hole",
	"variable", "alias", "call", "remote call", "invocation", "call of a call", "access", "list", "pair", "tuple", "map", "struct",
	"bitstring", "block", "fn", "clause",
}

func (k Kind) String() string { return kindNames[k] }

// Flags tell how a node was written where the quoted form does not.
type Flags uint8

const (
	Parens    Flags = 1 << iota // the whole node stands in parentheses, which its Start and End include
	CallParen                   // a call whose arguments stand in parentheses
	Bare                        // a list without brackets: keywords at the end of a call, clauses
	DoBlock                     // a Bare list of do, else, rescue … up to end
	Colon                       // a pair written key: value
	Heredoc                     // a string, charlist or sigil between """ or '''
)

// Node is one node of the tree. It is read-only: files are walked by many checks at once.
type Node struct {
	Kind   Kind
	Flags  Flags
	height uint16 // levels below and including this one; bounded when the tree is built, so that walking it may recurse

	Line       int32 // what Elixir puts in the metadata: for a |> b the line of |>, for a.b(c) the line of b
	Start, End int32 // byte offsets in the file
	Name       string
	Fun        *Node
	Args       []*Node
}
