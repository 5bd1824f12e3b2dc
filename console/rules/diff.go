package rules

import "strings"

// change is a line of a difference.
type change struct {
	Sign string // "+", "−" or " "
	Text string
}

// maxDiff bounds the lines that are compared: a rule has a dozen, and the work grows with their square.
const maxDiff = 400

// diff compares two texts by line. What is more than it compares is told as replaced.
func diff(before, after string) []change {
	a, b := lines(before), lines(after)
	if len(a) > maxDiff || len(b) > maxDiff {
		return append(all("−", a), all("+", b)...)
	}
	// common[i][j] is how many lines a[i:] and b[j:] have in common.
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []change
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			out = append(out, change{" ", a[i]})
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			out = append(out, change{"−", a[i]})
			i++
		default:
			out = append(out, change{"+", b[j]})
			j++
		}
	}
	return append(append(out, all("−", a[i:])...), all("+", b[j:])...)
}

func all(sign string, lines []string) (out []change) {
	for _, l := range lines {
		out = append(out, change{sign, l})
	}
	return out
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
