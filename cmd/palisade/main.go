// Command palisade keeps bots and exploits away from web apps. All it does is in package cli.
package main

func main() {}
