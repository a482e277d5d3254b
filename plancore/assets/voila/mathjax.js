// Voila's page sets an empty element in mathematics at its start, for which it would load a megabyte: no page here has any.
window.MathJax = { Ajax: {}, Hub: { Config() {}, Configured() {}, Queue() {}, Register: { StartupHook() {} } } };
