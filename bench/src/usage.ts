// node --import bench/dist/usage.js PROGRAM: adds a last line of JSON to what the program prints on standard error.
process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  process.stderr.write(
    `\n${JSON.stringify({ cpu_s: (userCPUTime + systemCPUTime) / 1e6, peak_rss_mb: maxRSS / 1024 })}\n`,
  );
});
