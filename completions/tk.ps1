Register-ArgumentCompleter -Native -CommandName tk -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # The words as they were typed. They are handed on and never run: pressing a key must not
    # do what stands half written on the line.
    $words = @()
    $typed = ''
    foreach ($element in $commandAst.CommandElements) {
        $extent = $element.Extent
        if ($extent.StartOffset -ge $cursorPosition) {
            break
        }
        $word = $extent.Text
        if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
            $word = $element.Value
        }
        if ($extent.EndOffset -lt $cursorPosition) {
            $words += $word
        }
        elseif ($extent.EndOffset -eq $cursorPosition) {
            $typed = $word
        }
        else {
            $typed = $extent.Text.Substring(0, $cursorPosition - $extent.StartOffset)
        }
    }
    # Of a list with commas, the shell itself may see the last only.
    $before = ''
    if ($typed.EndsWith($wordToComplete)) {
        $before = $typed.Substring(0, $typed.Length - $wordToComplete.Length)
    }

    # Older versions drop an empty word on the way to a program: the index says that it is there.
    $arguments = @('--') + $words
    if ($typed -ne '') {
        $arguments += $typed
    }
    $env:TK_COMPLETE = 'powershell'
    $env:_CLAP_COMPLETE_INDEX = $words.Count
    try {
        $lines = @(& tk $arguments)
    }
    finally {
        Remove-Item Env:\TK_COMPLETE
        Remove-Item Env:\_CLAP_COMPLETE_INDEX
    }

    foreach ($line in $lines) {
        $word, $about = $line.Split("`t", 2)
        if ($word.StartsWith($before)) {
            $word = $word.Substring($before.Length)
        }
        if (-not $word) {
            continue
        }
        if (-not $about) {
            $about = $word
        }
        # What stands on the line is run: the name of a file may hold anything.
        $text = $word
        if ($word -notmatch '^[A-Za-z0-9_./\\:=+-]+$') {
            $text = "'" + [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($word) + "'"
        }
        [System.Management.Automation.CompletionResult]::new($text, $word, 'ParameterValue', $about)
    }
}
